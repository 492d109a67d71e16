// Reads every recipe of one folder, copies it through the generated types and writes it to another.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { AssetDna } from "../../../schema/gve.ts";
import { copyDna } from "./copy.mts";

const [source, target] = process.argv.slice(2);
if (source === undefined || target === undefined) {
    throw new Error("usage: node roundtrip.mjs SOURCE TARGET");
}
const names = readdirSync(source).filter((name) => name.endsWith(".gve.json"));
if (names.length === 0) {
    throw new Error(`no recipes in ${source}`);
}
mkdirSync(target, { recursive: true });
for (const name of names) {
    const dna: AssetDna = JSON.parse(readFileSync(join(source, name), "utf8"));
    writeFileSync(join(target, name), JSON.stringify(copyDna(dna)));
}
