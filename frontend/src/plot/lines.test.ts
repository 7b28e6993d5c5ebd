import { describe, expect, it } from "vitest";
import type { FigureSpec, Trace } from "../api/figure";
import { numbered, rangeOf, valueAt } from "./axes";
import { drawingOf, isLines, nearest } from "./lines";

const figure = (data: Trace[], layout: object = {}): FigureSpec => ({
	data,
	layout: { meta: { axis: "depth" }, xaxis: { range: [0, 4], dtick: 1 }, ...layout },
});
const curve: Trace = {
	type: "scatter",
	mode: "lines+markers",
	name: "&lt;/s&gt;",
	x: [0, 1, 2, 3],
	y: [0, 0.5, null, 1],
	hovertemplate: "p %{y:.2f} at depth %{x}<extra>normed lens</extra>",
};
const SIZE = { width: 400, height: 300 };

describe("lines over depth", () => {
	it("are told from everything else", () => {
		expect(isLines(figure([curve]))).toBe(true);
		expect(isLines(figure([curve, { type: "bar", x: [1] }]))).toBe(false);
		expect(isLines(figure([curve], { meta: { axis: "map" } }))).toBe(false);
	});

	it("break where there is no number, and stand where the axes say", () => {
		const { lines, x, y } = drawingOf(figure([curve]), SIZE);
		const [line] = lines;
		expect(line?.path.match(/M/g)).toHaveLength(2);
		expect(line?.points).toHaveLength(3);
		const at = line?.points[1];
		expect(valueAt(x, at?.x ?? 0)).toBeCloseTo(1);
		expect(valueAt(y, at?.y ?? 0)).toBeCloseTo(0.5);
		expect(line?.name).toBe("</s>");
	});

	it("say at the pointer what the nearest point is, and nothing far from all", () => {
		const { lines } = drawingOf(figure([curve]), SIZE);
		const at = lines[0]?.points[1] ?? { x: 0, y: 0 };
		expect(nearest(lines, at.x + 4, at.y - 3)?.says).toEqual(["p 0.50 at depth 1", "normed lens"]);
		expect(nearest(lines, at.x, at.y - 60)).toBeNull();
	});

	it("have room for a title of two lines beside the numbers", () => {
		const titled = (text: string) =>
			drawingOf(figure([curve], { yaxis: { title: { text } } }), SIZE);
		expect(titled("nats<br>mean").x.start).toBeGreaterThan(titled("nats").x.start);
		expect(titled("nats<br>mean").y.title).toEqual(["nats", "mean"]);
	});

	it("carry bands, rules and notes", () => {
		const band = { type: "rect", x0: 0, x1: 2, fillcolor: "#abc", opacity: 0.1 };
		const rule = { type: "line", x0: 3, x1: 3, line: { color: "#123", dash: "dot" } };
		const note = { text: "<b>·red</b>", x: 1, xref: "paper", y: 0.5, xanchor: "left", xshift: 6 };
		const drawn = drawingOf(figure([curve], { shapes: [band, rule], annotations: [note] }), SIZE);
		expect(drawn.bands[0]?.width).toBeCloseTo(drawn.x.length / 2);
		expect(drawn.rules[0]?.dash).not.toBe("");
		const dashed = { ...curve, line: { dash: "dash" } };
		expect(drawingOf(figure([dashed]), SIZE).lines[0]?.dash).not.toBe("");
		expect(drawn.notes[0]).toMatchObject({ text: "·red", bold: true, anchor: "start" });
		expect(drawn.notes[0]?.x).toBeCloseTo(drawn.x.start + drawn.x.length + 6);
	});
});

describe("an axis", () => {
	it.each([
		[[0, 0.7], { nticks: 6 }, ["0.0", "0.2", "0.4", "0.6"]],
		[[-1.02, 1.02], { tickformat: "+.1f", nticks: 4 }, ["−1.0", "+0.0", "+1.0"]],
		[[0, 4e-4], { nticks: 4 }, ["0", "1 × 10⁻⁴", "2 × 10⁻⁴", "3 × 10⁻⁴", "4 × 10⁻⁴"]],
	])("%j has round numbers", (range, axis, labels) => {
		expect(numbered(axis, range as [number, number]).map(({ label }) => label)).toEqual(labels);
	});

	it("begins at zero where the figure says so, and is never empty", () => {
		const data = [{ y: [2, 4] }];
		expect(rangeOf({ rangemode: "tozero" }, data)[0]).toBe(0);
		expect(rangeOf({}, data)[0]).toBeGreaterThan(1.5);
		expect(rangeOf({}, [{ y: [null] }])).toEqual([0, 1]);
	});
});
