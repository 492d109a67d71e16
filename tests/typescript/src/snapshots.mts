// The golden scene snapshots: TypeScript finds in them what Rust says is there.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { SceneLabels, SnapshotKind } from "../../../schema/gve.ts";
import { SnapshotError, readSnapshot } from "./snapshot.mts";

interface Row {
    name: string;
    file: string;
    bytes: number;
    entries: { asset_id: string; type: SnapshotKind; active: boolean }[] | null;
    labels: SceneLabels | null;
    error: SnapshotError["kind"] | null;
}

const folder = process.argv[2];
if (folder === undefined) {
    throw new Error("usage: node snapshots.mjs FOLDER");
}
const rows: Row[] = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")).snapshots;
assert.equal(rows.length, readdirSync(folder).length - 1, "the index names every file");
for (const row of rows) {
    const bytes: Uint8Array = readFileSync(join(folder, row.file));
    assert.equal(bytes.length, row.bytes, row.name);
    if (row.entries === null) {
        const isExpected = (error: unknown) => error instanceof SnapshotError && error.kind === row.error;
        assert.throws(() => readSnapshot(bytes), isExpected, row.name);
        continue;
    }
    const found = readSnapshot(bytes);
    const text = found.map((entry) => ({ ...entry, asset_id: entry.asset_id.toString() }));
    assert.deepEqual(text, row.entries, row.name);
    // A label is found by the id as it was read.
    const labels = row.labels ?? {};
    const named = found.filter((entry) => labels[entry.asset_id.toString()] !== undefined);
    assert.equal(named.length, Object.keys(labels).length, row.name);
}
const good = rows.filter((row) => row.error === null).length;
console.log(`${good} snapshots read, ${rows.length - good} refused`);
