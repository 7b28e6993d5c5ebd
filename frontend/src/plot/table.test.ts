import { describe, expect, it } from "vitest";
import type { FigureSpec } from "../api/figure";
import { summaryOf, tableOf } from "./table";

describe("a figure in words", () => {
	const lines: FigureSpec = {
		data: [
			{ mode: "lines", name: "·red", x: [0, 1, 2], y: [0.1, 0.9, 0.25] },
			{ mode: "lines", name: "&lt;/s&gt;", x: [0, 2], y: [0, Number.NaN] },
		],
		layout: { xaxis: { title: { text: "depth" } } },
	};

	it("has a column a line, a row a place", () => {
		expect(tableOf(lines)).toEqual({
			head: ["depth", "·red", "</s>"],
			rows: [
				["0", "0.1", "0"],
				["1", "0.9", "–"],
				["2", "0.25", "–"],
			],
		});
		expect(summaryOf(lines)).toContain("·red: 0.1 at 0, 0.25 at 2, most 0.9 at 1.");
	});

	it("has a row a point of a map", () => {
		const points = {
			meta: { part: "points" },
			x: [1.5],
			y: [-2],
			text: ["token 3 red"],
			customdata: [[3, 9, 3, "a"]],
		};
		const table = tableOf({ data: [{ meta: { part: "path" }, x: [1] }, points], layout: {} });
		expect(table).toEqual({
			head: ["path", "depth", "x", "y"],
			rows: [["token 3 red", "9", "1.5", "−2"]],
		});
	});
});
