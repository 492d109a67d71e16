// What the type checker must refuse: an error that is expected and does not come is itself an error.
import {
    CompilePriority,
    MessageType,
    type AssetCategory,
    type AssetMetadata,
    type CompileRequest,
    type DnaNode,
    type EventEnvelope,
} from "../../../schema/gve.ts";

export const good: DnaNode = { op: "box", half_extents: [1, 1, 1], material: "WOOD_OAK" };
export const metadata: AssetMetadata = { name: "Oak chair", version: 1, category: "Prop" };
export const request: CompileRequest = { asset_id: "0", priority: CompilePriority.High };
export const event: EventEnvelope = {
    type: "asset:updated",
    payload: { asset_id: "0", version: 2 },
    timestamp: "2026-01-01T00:00:00Z",
};
export const bump: 4 = MessageType.VersionBump;

// @ts-expect-error no such category
export const category: AssetCategory = "Furniture";
// @ts-expect-error a name is text
export const name: AssetMetadata = { name: 1, version: 1, category: "Prop" };
// @ts-expect-error left out or text, never undefined
export const spec: AssetMetadata = { name: "", version: 1, category: "Prop", material_spec: undefined };
// @ts-expect-error no such operation
export const operation: DnaNode = { op: "spheer", radius: 1 };
// @ts-expect-error a box has no radius
export const field: DnaNode = { op: "box", half_extents: [1, 1, 1], radius: 1 };
// @ts-expect-error three half sizes
export const count: DnaNode = { op: "box", half_extents: [1, 1] };
// @ts-expect-error a node is an object
export const list: DnaNode = ["sphere", 1];
// @ts-expect-error the radius is missing
export const missing: DnaNode = { op: "sphere" };
// @ts-expect-error a priority is 0 to 3
export const priority: CompileRequest = { asset_id: "0", priority: 4 };
// @ts-expect-error the payload of another event
export const payload: EventEnvelope = { type: "asset:updated", payload: { asset_id: "0" }, timestamp: "" };
