import { describe, expect, it } from "vitest";
import { cellAt, columnWidth, gridOf, labelledRows, topOf } from "./geometry";

const words = (count: number) => Array.from({ length: count }, () => " word");

describe("geometry", () => {
	it("stretches short answers and keeps labels readable in long ones", () => {
		expect(columnWidth(words(10), 700)).toBe(70);
		expect(columnWidth(words(100), 700)).toBeGreaterThanOrEqual(38);
		expect(columnWidth([" a-very-long-token-that-never-ends"], 60)).toBe(108);
	});

	it("never asks for a canvas that browsers refuse", () => {
		expect(columnWidth(words(2000), 700) * 2000).toBeLessThanOrEqual(30000);
	});

	it("finds the cell under a point, depth 0 at the bottom", () => {
		const grid = { columns: 3, rows: 4, columnWidth: 50, rowHeight: 20 };
		expect(cellAt(grid, 149, 1)).toEqual({ token: 2, row: 3 });
		expect(cellAt(grid, 0, 79)).toEqual({ token: 0, row: 0 });
		expect(cellAt(grid, 150, 1)).toBeNull();
		expect(topOf(grid, 0)).toBe(60);
	});

	it.each([13, 15, 33, 81])("labels both ends of %i depths without crowding", (rows) => {
		const labels = labelledRows(gridOf(words(5), rows, 500));
		expect(labels[0]).toBe(0);
		expect(labels.at(-1)).toBe(rows - 1);
	});
});
