import { describe, expect, it } from "vitest";
import type { FigureSpec, Trace } from "../../api/figure";
import { colorBar } from "../../plot/colors";
import { grown, legendOf, mapFacts, unpacked } from "./figure";
import { chosenIn, pointOf, ringAt, stringOf } from "./strand";

const packed = (numbers: Float32Array | Int32Array, dtype: string) => ({
	dtype,
	bdata: Buffer.from(numbers.buffer).toString("base64"),
});

/** Two strings over depths 1 to 3, as the API sends them; a point's x is 10 × string + depth. */
const DEPTHS = [1, 2, 3];
const path = (string: number): Trace => ({
	type: "scatter",
	meta: { string, part: "path" },
	line: { color: "grey", width: 1 },
	x: packed(Float32Array.from(DEPTHS.map((depth) => 10 * string + depth)), "f4"),
	y: packed(Float32Array.of(0, 0, 0), "f4"),
});
const cells = DEPTHS.flatMap((depth) => [0, 1].map((string) => [string, depth, 7, `id${string}`]));
const SPEC: FigureSpec = {
	data: [
		path(0),
		path(1),
		{
			type: "scatter",
			meta: { part: "points" },
			x: packed(Float32Array.from(cells.map(([s, d]) => 10 * Number(s) + Number(d))), "f4"),
			y: packed(Float32Array.from(cells.map(() => 0)), "f4"),
			text: cells.map(([s]) => `image ${s}`),
			customdata: cells,
			hovertemplate: "%{text}<extra></extra>",
			marker: {
				color: packed(Int32Array.from(cells.map(([, d]) => Number(d))), "i4"),
				cmin: 0,
				cmax: 3,
				colorscale: [
					[0, "#000"],
					[1, "#fff"],
				],
				colorbar: { title: { text: "depth" } },
			},
		},
		{ type: "scatter", meta: { part: "neck" }, x: [2, 12], y: [0, 0] },
	],
	layout: {
		meta: { first_depth: 1, depths: 3, strings: 2, dimensions: 2, neck_end: 2, note: "made" },
		xaxis: {},
		yaxis: {},
	},
};
const full = unpacked(SPEC);
const points = (spec: FigureSpec) =>
	spec.data.find((trace) => trace.meta?.part === "points") as Trace;

describe("a map", () => {
	it("tells what it is of", () => {
		expect(mapFacts(SPEC)).toEqual({
			dimensions: 2,
			strings: 2,
			firstDepth: 1,
			lastDepth: 3,
			neckEnd: 2,
			note: "made",
		});
	});

	it("keeps its axes while it grows: they hold every point of every depth", () => {
		const [low, high] = (full.layout.xaxis as { range: [number, number] }).range;
		expect(low).toBeLessThan(1);
		expect(high).toBeGreaterThan(13);
		expect(grown(full, 1).layout).toEqual(full.layout);
	});

	it.each(DEPTHS)("grows to depth %i and no further", (depth) => {
		const cut = grown(full, depth);
		expect(cut.data[1]?.x).toEqual(DEPTHS.slice(0, depth).map((d) => 10 + d));
		const { customdata, x, text, marker } = points(cut) as unknown as Record<string, unknown[]> & {
			marker: { color: number[] };
		};
		expect(customdata).toEqual(cells.filter(([, d]) => Number(d) <= depth));
		expect([x?.length, text?.length, marker.color.length]).toEqual(Array(3).fill(2 * depth));
		expect(marker.color).toEqual(customdata?.map((cell) => (cell as number[])[1]));
	});

	it("shows where the body begins once it has grown there", () => {
		const neck = (depth: number) => grown(full, depth).data.at(-1)?.visible;
		expect([neck(1), neck(2), neck(3)]).toEqual([false, undefined, undefined]);
	});

	it("finds a string by its analysis and token", () => {
		expect(stringOf(full, { analysis: "id1", token: 7 })).toBe(1);
		expect(stringOf(full, { analysis: "id1", token: 6 })).toBeNull();
		expect(stringOf(full, null)).toBeNull();
	});

	it("puts the chosen string in ink, its points on top, and leaves the figure itself alone", () => {
		const data = chosenIn(full, 1, "light");
		expect(data[1]).toMatchObject({ line: { color: "#1d1b18", width: 2 }, opacity: 1 });
		expect(data[0]?.opacity).toBeLessThan(0.3);
		expect(data.at(-1)?.customdata).toEqual(cells.filter(([string]) => string === 1));
		expect(full.data[1]?.line).toEqual({ color: "grey", width: 1 });
		expect(chosenIn(full, null, "light")).toBe(full.data);
	});

	it("rings a point, unless the map has not grown there", () => {
		expect(ringAt(full, 1, 3, "light")[0]).toMatchObject({ x: [13], y: [0] });
		expect(ringAt(grown(full, 2), 1, 3, "light")).toEqual([]);
	});

	it("reads what stands at a point", () => {
		expect(pointOf([1, 2, 7, "id1"], "image 1")).toEqual({
			string: 1,
			depth: 2,
			token: 7,
			analysis: "id1",
			text: "image 1",
		});
		expect(pointOf(undefined, "")).toBeNull();
	});

	it("names its colours: a bar for depths, a list otherwise", () => {
		expect(colorBar(full)?.ticks.map((tick) => tick.label)).toEqual(["0", "1.5", "3"]);
		expect(legendOf(full)).toEqual([]);
		const word = { ...points(full), name: "red", marker: { color: "#f00" } };
		expect(legendOf({ ...full, data: [word] })).toEqual([{ name: "red", color: "#f00" }]);
	});
});
