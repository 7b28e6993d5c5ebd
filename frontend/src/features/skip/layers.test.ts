import { describe, expect, it } from "vitest";
import { layerText } from "../../text/layers";
import { hatchedRows, layersOf } from "./layers";

describe("layers and rows", () => {
	it("a depth is made by the layer below it; depth 0 by none", () => {
		expect(layersOf([6, 9], false)).toEqual([5, 6, 7, 8]);
		expect(layersOf([0, 2], false)).toEqual([0, 1]);
		expect(layersOf([0, 0], false)).toEqual([]);
		expect(layersOf([4, 4], true)).toEqual([4]);
	});

	it("what is marked and skipped is what is hatched", () => {
		for (const pairs of [false, true])
			for (let low = 1; low < 12; low++)
				for (let high = low; high < 14; high++)
					expect(hatchedRows(layersOf([low, high], pairs), pairs)).toEqual([[low, high]]);
	});

	it("says sets in runs, in order, each layer once", () => {
		expect(hatchedRows([12, 6, 8, 7, 7], false)).toEqual([
			[7, 9],
			[13, 13],
		]);
		expect(layerText([12, 6, 8, 7])).toBe("layers 6–8, 12");
		expect(layerText([3])).toBe("layer 3");
	});
});
