// usage: node validate-k8s.mjs OPENAPI_V2.json FILE.yaml...    one line per problem, exit code 1 when there is any
// Every object must be of a kind the dump knows and hold no field it does not know.
import fs from 'node:fs';
import Ajv from 'ajv';
import YAML from 'yaml';

const [, , dump, ...files] = process.argv;
const definitions = JSON.parse(fs.readFileSync(dump, 'utf8')).definitions;
const quantity = '^[+-]?([0-9]+|[0-9]+\\.[0-9]*|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$';
const kinds = new Map();
for (const [name, definition] of Object.entries(definitions)) {
  if (definition.properties && !definition.additionalProperties && !definition['x-kubernetes-preserve-unknown-fields']) definition.additionalProperties = false;
  if (definition.format === 'int-or-string') {
    delete definition.type;
    definition.anyOf = [{ type: 'integer' }, { type: 'string' }];
  }
  if (name === 'io.k8s.apimachinery.pkg.api.resource.Quantity') {
    delete definition.type;
    definition.anyOf = [{ type: 'number' }, { type: 'string', pattern: quantity }];
  }
  for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) kinds.set(`${group ? group + '/' : ''}${version}|${kind}`, name);
}

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ $id: 'k8s', definitions });
const compiled = new Map();
let problems = 0;
const report = (...words) => {
  problems++;
  console.log(...words);
};

for (const file of files) {
  for (const document of YAML.parseAllDocuments(fs.readFileSync(file, 'utf8'), { uniqueKeys: true })) {
    if (document.errors.length) {
      report(file, document.errors[0].message);
      continue;
    }
    const object = document.toJS();
    if (!object) continue;
    const name = kinds.get(`${object.apiVersion}|${object.kind}`);
    if (!name) {
      report(file, 'unknown kind', object.apiVersion, object.kind);
      continue;
    }
    if (!compiled.has(name)) compiled.set(name, ajv.compile({ $ref: `k8s#/definitions/${name}` }));
    const check = compiled.get(name);
    if (!check(object)) for (const error of check.errors.slice(0, 3)) report(file, object.kind, object.metadata?.name ?? '', error.instancePath, error.message, JSON.stringify(error.params));
  }
}
process.exit(problems ? 1 : 0);
