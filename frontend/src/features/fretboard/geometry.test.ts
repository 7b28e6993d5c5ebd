import { describe, expect, it } from "vitest";
import type { Zoom } from "../../state/permalink";
import {
	cellAt,
	columnWidth,
	gridOf,
	labelledRows,
	leftOf,
	seenAt,
	stepped,
	topOf,
	widthOf,
} from "./geometry";

const words = (count: number) => Array.from({ length: count }, () => " word");
const places = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("geometry", () => {
	it("stretches short answers and keeps labels readable in long ones", () => {
		expect(columnWidth(words(10), 700)).toBe(70);
		expect(columnWidth(words(576), 700)).toBeGreaterThanOrEqual(38);
		expect(columnWidth([" a-very-long-token-that-never-ends"], 60)).toBe(108);
	});

	it("zooms down to all columns in sight, and not beyond", () => {
		const grid = (zoom: Zoom) => gridOf(words(100), places(100), 13, 700, zoom);
		expect(widthOf(grid("fit"))).toBe(700);
		expect(grid(1).columnWidth).toBeGreaterThan(grid(0).columnWidth);
		expect(grid(99).columnWidth).toBe(220);
		expect(widthOf(gridOf(words(3), places(3), 13, 700, "fit"))).toBeLessThanOrEqual(700);
	});

	it("steps between all columns in sight and the widest, and stays at either end", () => {
		const walk = (zoom: Zoom, step: 1 | -1, count = 100) =>
			Array.from({ length: 9 }).reduce<Zoom[]>(
				(seen) => [...seen, stepped(seen.at(-1) ?? 0, step, words(count), 700)],
				[zoom],
			);
		expect(walk(0, -1).slice(0, 7)).toEqual([0, -1, -2, -3, -4, "fit", "fit"]);
		expect(walk("fit", 1).slice(0, 5)).toEqual(["fit", -4, -3, -2, -1]);
		expect(walk(0, 1).slice(3)).toEqual([3, 4, 4, 4, 4, 4, 4]);
		expect(stepped(20, -1, words(100), 700)).toBe(3);
		expect(stepped(0, -1, words(3), 700)).toBe(0);
	});

	it("finds the cell under a point, depth 0 at the bottom", () => {
		const grid = { columns: [0, 4, 7], rows: 4, columnWidth: 50, rowHeight: 20 };
		expect(cellAt(grid, 149, 1)).toEqual({ token: 7, row: 3 });
		expect(cellAt(grid, 0, 79)).toEqual({ token: 0, row: 0 });
		expect(cellAt(grid, 150, 1)).toBeNull();
		expect(topOf(grid, 0)).toBe(60);
		expect([leftOf(grid, 7), leftOf(grid, 5), leftOf(grid, null)]).toEqual([100, null, null]);
	});

	it("draws what is in sight, and as much again on both sides", () => {
		const grid = gridOf(words(576), places(576), 13, 380);
		const { first, end } = seenAt(grid, 3800, 380);
		expect(first * grid.columnWidth).toBeLessThanOrEqual(3420);
		expect(end * grid.columnWidth).toBeGreaterThanOrEqual(4560);
		expect(end - first).toBeLessThan(40);
		expect(seenAt(grid, 0, 380).first).toBe(0);
	});

	it.each([13, 15, 33, 81])("labels both ends of %i depths without crowding", (rows) => {
		const labels = labelledRows(gridOf(words(5), places(5), rows, 500));
		expect(labels[0]).toBe(0);
		expect(labels.at(-1)).toBe(rows - 1);
	});
});
