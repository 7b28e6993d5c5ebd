// plotly.py sends numpy arrays as base64 ({dtype, bdata, shape}); the page reads single values from them.

/** A part of a figure. */
export type Box = Record<string, unknown>;
export const box = (value: unknown): Box =>
	typeof value === "object" && value !== null ? (value as Box) : {};

export interface PackedArray {
	dtype: string;
	bdata: string;
	shape?: string;
}

type Numbers = ArrayLike<number>;

const VIEWS: Record<string, new (buffer: ArrayBuffer) => Numbers> = {
	i1: Int8Array,
	u1: Uint8Array,
	i2: Int16Array,
	u2: Uint16Array,
	i4: Int32Array,
	u4: Uint32Array,
	f4: Float32Array,
	f8: Float64Array,
};

const isPacked = (value: unknown): value is PackedArray =>
	typeof value === "object" && value !== null && "bdata" in value && "dtype" in value;

function unpack(packed: PackedArray): Numbers {
	const view = VIEWS[packed.dtype];
	if (!view) throw new Error(`The figure has numbers of the unknown type ${packed.dtype}.`);
	const bytes = Uint8Array.from(atob(packed.bdata), (character) => character.charCodeAt(0));
	return new view(bytes.buffer);
}

/** Row-major flat numbers cut into rows, one level for each dimension after the first. */
function cut(flat: unknown[], shape: number[]): unknown[] {
	const [rows, ...rest] = shape;
	if (rows === undefined || rest.length === 0) return flat;
	const size = rest.reduce((product, length) => product * length, 1);
	return Array.from({ length: rows }, (_, row) =>
		cut(flat.slice(row * size, (row + 1) * size), rest),
	);
}

/** A figure's array, packed or not, as nested lists; [] for anything else. */
export function listOf(value: unknown): unknown[] {
	if (Array.isArray(value)) return value;
	if (!isPacked(value)) return [];
	const shape = (value.shape ?? "").split(",").filter((part) => part.trim() !== "");
	return cut(Array.from(unpack(value)), shape.map(Number));
}

/** The value at [i] or [i][j] of a figure's array; undefined where there is none. */
export function at(list: unknown, ...path: number[]): unknown {
	let value: unknown = list;
	for (const index of path) value = Array.isArray(value) ? value[index] : undefined;
	return value;
}
