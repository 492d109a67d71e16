// Reads the scene snapshot of docs/scene.md, as a hierarchy panel does.
import { SnapshotKind } from "../../../schema/gve.ts";

/** One row of the hierarchy panel. */
export interface SnapshotEntry {
    /** All 64 bits: a `number` would lose those beyond 2^53. */
    asset_id: bigint;
    type: SnapshotKind;
    active: boolean;
}

/** Why bytes are not a snapshot. */
export class SnapshotError extends Error {
    readonly kind: "length" | "type" | "active" | "order";

    constructor(kind: SnapshotError["kind"], message: string) {
        super(message);
        this.kind = kind;
    }
}

const HEADER_BYTES = 4;
const ENTRY_BYTES = 10;

/** The entries of a snapshot, in the order of its bytes; throws a `SnapshotError`. */
export function readSnapshot(bytes: Uint8Array): SnapshotEntry[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_BYTES) {
        throw new SnapshotError("length", `a snapshot has at least 4 bytes, found ${bytes.length}`);
    }
    const count = view.getUint32(0, true);
    const expected = HEADER_BYTES + ENTRY_BYTES * count;
    if (bytes.length !== expected) {
        throw new SnapshotError("length", `${count} entries have ${expected} bytes, found ${bytes.length}`);
    }
    const entries: SnapshotEntry[] = [];
    let last: SnapshotKind = SnapshotKind.Mesh;
    for (let i = 0; i < count; i++) {
        const at = HEADER_BYTES + ENTRY_BYTES * i;
        const [type, active] = [view.getUint8(at + 8), view.getUint8(at + 9)];
        if (type !== SnapshotKind.Mesh && type !== SnapshotKind.Sdf) {
            throw new SnapshotError("type", `entry ${i}: type must be 0 or 1, found ${type}`);
        }
        if (active > 1) {
            throw new SnapshotError("active", `entry ${i}: active must be 0 or 1, found ${active}`);
        }
        if (type < last) {
            throw new SnapshotError("order", `entry ${i}: a mesh after a field`);
        }
        last = type;
        entries.push({ asset_id: view.getBigUint64(at, true), type, active: active === 1 });
    }
    return entries;
}
