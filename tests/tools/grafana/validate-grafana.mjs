// Dashboards against Grafana's published JSON schemas (a folder with dashboard.json, prometheus.json and one file per kind of panel). Says every mistake; 1 when there is one.
import fs from 'fs';
import path from 'path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const [schemas, ...files] = process.argv.slice(2);
const read = name => JSON.parse(fs.readFileSync(path.join(schemas, `${name}.json`)));
const compiled = new Map();
let mistakes = 0;

function checker(name, definition) {
  const key = `${name}/${definition ?? ''}`;
  if (!compiled.has(key)) {
    const schema = read(name);
    if (definition) schema.$ref = `#/definitions/${definition}`;
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats(ajv);
    compiled.set(key, !definition || schema.definitions[definition] ? ajv.compile(schema) : null);
  }
  return compiled.get(key);
}

function check(file, where, validate, value) {
  if (!validate || validate(value)) return;
  mistakes++;
  // What names no place only says that none of several shapes fits.
  for (const e of validate.errors.filter(e => e.keyword !== 'anyOf' && e.keyword !== 'oneOf').slice(0, 5)) console.log(path.basename(file), where, e.instancePath, e.message, JSON.stringify(e.params));
}

function panel(file, p) {
  const where = `panel ${p.id} (${p.title})`;
  if (p.type === 'row') {
    for (const inner of p.panels ?? []) panel(file, inner);
    return;
  }
  if (!fs.existsSync(path.join(schemas, `${p.type}.json`))) {
    mistakes++;
    console.log(path.basename(file), where, 'unknown kind of panel', p.type);
    return;
  }
  check(file, where + ' options', checker(p.type, 'Options'), p.options ?? {});
  check(file, where + ' field config', checker(p.type, 'FieldConfig'), p.fieldConfig?.defaults?.custom ?? {});
  for (const target of p.targets ?? []) check(file, `${where} target ${target.refId}`, checker('prometheus', 'Dataquery'), target);
}

for (const file of files) {
  const dashboard = JSON.parse(fs.readFileSync(file));
  check(file, 'dashboard', checker('dashboard'), dashboard);
  for (const p of dashboard.panels ?? []) panel(file, p);
}
process.exit(mistakes ? 1 : 0);
