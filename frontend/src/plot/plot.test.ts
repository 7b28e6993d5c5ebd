import { describe, expect, it } from "vitest";
import type { FigureSpec } from "../api/figure";
import { at, listOf } from "./arrays";
import { colorBar } from "./colors";
import { brokenTitle, dressedLayout } from "./figure";
import { format, heatCells, hoverLines, isWordLine, plainLines } from "./hover";

const packed = (numbers: Float32Array | Int32Array, dtype: string, shape: string) => ({
	dtype,
	bdata: Buffer.from(numbers.buffer).toString("base64"),
	shape,
});

describe("arrays", () => {
	it("unpacks numpy's base64 with its shape", () => {
		const rows = listOf(packed(Float32Array.of(0, 1, 2, 3, 4, 5), "f4", "2, 3"));
		expect(rows).toEqual([
			[0, 1, 2],
			[3, 4, 5],
		]);
		expect(at(rows, 1, 2)).toBe(5);
		expect(at(rows, 7, 2)).toBeUndefined();
	});

	it("passes lists through and makes nothing of anything else", () => {
		expect(listOf([[1]])).toEqual([[1]]);
		expect(listOf(undefined)).toEqual([]);
	});
});

describe("hover", () => {
	it("fills the template of one cell", () => {
		const cells = heatCells({
			z: packed(Float32Array.of(0.25, 0.5), "f4", "1, 2"),
			customdata: [
				[
					["a", 3],
					["b", 4],
				],
			],
			hovertemplate: "<b>%{y}/%{x}</b><br>p %{z:.2f} %{customdata[0]}<extra>gone</extra>",
		});
		expect(hoverLines(cells, 0, 1)).toEqual(["0/1", "p 0.50 b"]);
	});

	it("takes whole texts from the customdata and reads their entities", () => {
		const cells = heatCells({
			customdata: [["&lt;s&gt; &amp; <i>x</i>"]],
			hovertemplate: "%{customdata}<extra></extra>",
		});
		expect(hoverLines(cells, 0, 0)).toEqual(["<s> & x"]);
	});

	it("formats as d3 does", () => {
		expect([
			format(0.1234, ".1%"),
			format(0.1234, ".2g"),
			format(3.6, "d"),
			format("x", ".2f"),
		]).toEqual(["12.3 %", "0.12", "4", "x"]);
		expect(plainLines("a<br/>b<br> ")).toEqual(["a", "b"]);
	});
});

describe("overlays", () => {
	const spec: FigureSpec = {
		data: [
			{ meta: { part: "path", token: 0 }, line: { color: "grey" } },
			{
				meta: { part: "points" },
				x: [1, 2],
				y: [3, 4],
				customdata: packed(Int32Array.of(0, 1, 1, 1), "i4", "2, 2"),
			},
		],
		layout: { xaxis: { range: [0, 1] }, shapes: [{ type: "rect" }] },
	};

	it("keeps the figure's shapes and fixes its axes", () => {
		const layout = dressedLayout(spec, { width: 10, height: 20 });
		expect(layout.shapes).toEqual([{ type: "rect" }]);
		expect(layout.xaxis).toMatchObject({ range: [0, 1], fixedrange: true });
	});
});

describe("ticks of depths", () => {
	const xaxis = { dtick: 1, range: [0, 30] };
	const spaced = (width: number, axis: object) =>
		(
			dressedLayout({ data: [], layout: { xaxis: axis } }, { width, height: 200 }).xaxis as {
				dtick?: number;
			}
		).dtick;

	it("thin out where their numbers would run together, and only there", () => {
		expect(spaced(1200, xaxis)).toBe(1);
		const step = spaced(330, xaxis) ?? 0;
		expect(step).toBeGreaterThan(1);
		expect((330 / 30) * step).toBeGreaterThanOrEqual(22);
		expect(spaced(330, { dtick: 0.2, range: [0, 1] })).toBe(0.2);
		expect(spaced(330, { range: [0, 30] })).toBeUndefined();
	});
});

describe("axis titles", () => {
	it("break between their parts, only where they would not fit", () => {
		expect(brokenTitle("JSD (nats · normed lens)", 220)).toBe("JSD (nats · normed lens)");
		expect(brokenTitle("change (nats)<br>mean of 21 tokens", 220)).toBe(
			"change (nats)<br>mean of 21 tokens",
		);
		const long = brokenTitle("symmetric KL (nats · raw − normed lens · scaled per depth)", 200);
		expect(long.split("<br>").length).toBeGreaterThan(1);
		expect(Math.max(...long.split("<br>").map((line) => line.length))).toBeLessThanOrEqual(31);
		expect(long.replaceAll(/<br>| /g, "")).toBe("symmetricKL(nats·raw−normedlens·scaledperdepth)");
	});
});

describe("colour bar", () => {
	it("reads unit, ends and direction from the trace", () => {
		const bar = colorBar({
			data: [
				{
					type: "heatmap",
					zmin: 0,
					zmax: 2,
					reversescale: true,
					colorscale: [
						[0, "#000"],
						[1, "#fff"],
					],
					colorbar: {
						title: { text: "nats" },
						tickvals: [0, 1, 2, 3],
						ticktext: ["1", "10", "100", "1k"],
					},
				},
			],
			layout: {},
		});
		expect(bar?.title).toBe("nats");
		expect(bar?.gradient).toContain("to left");
		expect(bar?.ticks.map((tick) => tick.label)).toEqual(["1", "10", "100"]);
	});

	const difference = (most: number, colorbar: Record<string, unknown>) =>
		colorBar({
			data: [
				{
					type: "heatmap",
					zmin: -most,
					zmax: most,
					colorscale: [
						[0, "#08519C"],
						[0.5, "#F1EDE4"],
						[1, "#9A3B00"],
					],
					colorbar,
				},
			],
			layout: {},
		});

	it("puts a true zero in the middle of a difference and signs both sides", () => {
		const bar = difference(0.42, { title: { text: "probability" } });
		expect(bar?.gradient).toContain("#F1EDE4 50.0%");
		expect(bar?.ticks).toEqual([
			{ at: 0, label: "−0.42" },
			{ at: 0.5, label: "0" },
			{ at: 1, label: "+0.42" },
		]);
	});

	it("leaves out labels that would run into each other, never zero or the ends", () => {
		const tickvals = [-3, -2.7, -2, -1, -0.3, 0, 0.3, 1, 2, 2.7, 3];
		const bar = difference(3, { tickvals, ticktext: tickvals.map(String) });
		const labels = bar?.ticks.map((tick) => tick.label) ?? [];
		expect(labels).toEqual(expect.arrayContaining(["-3", "0", "3"]));
		const gaps = (bar?.ticks ?? []).slice(1).map((tick, i) => tick.at - (bar?.ticks[i]?.at ?? 0));
		expect(Math.min(...gaps)).toBeGreaterThan(0.13);
	});
});

describe("words of a cell", () => {
	it.each(["  97.3 %  ·red", " <0.1 %  ·a", "  -4.1 pts  ·red", "  +0.0 pts  ball"])(
		"are told from facts: %s",
		(line) => expect(isWordLine(line)).toBe(true),
	);

	it("leaves the facts", () => {
		expect(isWordLine("probability +3.1 pts · rank -2")).toBe(false);
	});
});
