import { describe, expect, it } from "vitest";
import { parseTable, rowOf } from "./npy";
import { barTo, colorAt, neighbour, type Placed } from "./places";

function npy(shape: string, values: number[], dtype = "<f4"): ArrayBuffer {
	const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': ${shape}, }`
		.padEnd(117)
		.concat("\n");
	const bytes = new Uint8Array(10 + header.length + 4 * values.length);
	bytes.set([0x93, 78, 85, 77, 80, 89, 1, 0, header.length, 0]);
	bytes.set(new TextEncoder().encode(header), 10);
	bytes.set(new Uint8Array(new Float32Array(values).buffer), 10 + header.length);
	return bytes.buffer;
}

describe("the table of a word", () => {
	it("is read row by row", () => {
		const table = parseTable(npy("(2, 3)", [1, 2, 3, 4, 5, 6]));
		expect([...rowOf(table, 1)]).toEqual([4, 5, 6]);
	});
	it("is refused when it is something else", () => {
		expect(() => parseTable(npy("(6,)", [1, 2, 3, 4, 5, 6]))).toThrow("no table");
		expect(() => parseTable(npy("(2, 3)", [], "<f8"))).toThrow("no table");
	});
});

describe("patches", () => {
	const grid: Placed[] = Array.from({ length: 6 }, (_, index) => {
		const [x, y] = [(index % 3) / 3, Math.floor(index / 3) / 2];
		return { index, rectangle: [x, y, x + 1 / 3, y + 1 / 2] };
	});
	it("are walked by the arrow keys", () => {
		expect(neighbour(grid, 1, "right")).toBe(2);
		expect(neighbour(grid, 2, "right")).toBe(2);
		expect(neighbour(grid, 1, "down")).toBe(4);
		expect(neighbour(grid, 4, "up")).toBe(1);
		expect(neighbour(grid, 4, "last")).toBe(5);
	});
	it("have a scale from zero to the most", () => {
		expect(colorAt(0)).toBe("rgb(0 34 78)");
		expect(colorAt(7)).toBe("rgb(254 232 56)");
		expect(barTo(0.5, "p").ticks.map((tick) => tick.label)).toEqual(["0", "25.0 %", "50.0 %"]);
	});
});
