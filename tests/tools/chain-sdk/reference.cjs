// Reads paths of SDL files, one a line, from stdin. Writes one JSON line for each:
// {file, ok, hash, json, groups} as the package sees it, or {file, ok: false, errors}.
// "Accepted" means: the YAML loads, generateManifest says ok, and the manifest can be built and serialised.
const fs = require("node:fs");
const path = require("node:path");
const { createHash } = require("node:crypto");
const { createRequire } = require("node:module");

const home = process.env.DEPIN_CHAIN_SDK ? path.resolve(process.env.DEPIN_CHAIN_SDK) : __dirname;
const load = createRequire(path.join(home, "package.json"));
const sdk = load("@akashnetwork/chain-sdk");
const yaml = load("js-yaml");

const plain = (_, value) =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : typeof value === "bigint" ? value.toString() : value;

function read(file) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fs.readFileSync(file));
    const result = sdk.generateManifest(yaml.load(text));
    if (!result.ok) {
      return { file, ok: false, errors: result.value.map((e) => `${e.instancePath} ${e.message}`) };
    }
    const json = sdk.manifestToSortedJSON(result.value.groups);
    const hash = createHash("sha256").update(json, "utf8").digest("hex");
    return { file, ok: true, hash, json, groups: result.value.groupSpecs };
  } catch (e) {
    return { file, ok: false, errors: [`threw: ${String(e && e.message).split("\n")[0]}`] };
  }
}

for (const file of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  process.stdout.write(JSON.stringify(read(file), plain) + "\n");
}
