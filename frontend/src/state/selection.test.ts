import { describe, expect, it } from "vitest";
import { EMPTY } from "./permalink";
import { clear, extend, forAnother, move, whole, within } from "./selection";

const bounds = { tokens: 5, depths: 15 };
const columns = [0, 1, 2, 3, 4];
const at = (token: number | null, depth: number | null) => ({ ...EMPTY, token, depth });

describe("selection", () => {
	it("moves over tokens and depths", () => {
		expect(move(at(2, 3), "right", bounds, columns)).toEqual({ token: 3 });
		expect(move(at(2, 3), "up", bounds, columns)).toEqual({ token: 2, depth: 4 });
		expect(move(at(2, 3), "last", bounds, columns)).toEqual({ token: 4 });
	});

	it("stays inside the board", () => {
		expect(move(at(4, 14), "right", bounds, columns)).toEqual({ token: 4 });
		expect(move(at(0, 14), "up", bounds, columns)).toEqual({ token: 0, depth: 14 });
		expect(move(at(0, 0), "down", bounds, columns)).toEqual({ token: 0, depth: 0 });
	});

	it("reaches the half depths where they are on show", () => {
		const on = (depth: number | null, half: boolean) => ({
			...at(1, depth),
			half,
			sublayers: true,
		});
		expect(move(on(3, false), "up", bounds, columns)).toEqual({ token: 1, depth: 3, half: true });
		expect(move(on(3, true), "up", bounds, columns)).toEqual({ token: 1, depth: 4, half: false });
		expect(move(on(3, false), "down", bounds, columns)).toMatchObject({ depth: 2, half: true });
		expect(move(on(14, false), "up", bounds, columns)).toMatchObject({ depth: 14, half: false });
		expect(move(on(null, false), "down", bounds, columns)).toMatchObject({
			depth: 14,
			half: false,
		});
		expect(within(on(14, true), bounds).half).toBe(false);
		expect(within({ ...on(3, true), sublayers: false }, bounds).half).toBe(false);
		expect(whole({ depth: 2 })).toEqual({ depth: 2, half: false });
		expect(whole({ depth: 2, half: true }).half).toBe(true);
	});

	it("starts somewhere sensible without a selection", () => {
		expect(move(EMPTY, "right", bounds, columns)).toEqual({ token: 0 });
		expect(move(EMPTY, "left", bounds, columns)).toEqual({ token: 4 });
		expect(move(EMPTY, "up", bounds, columns)).toEqual({ token: 0, depth: 0 });
		expect(move(EMPTY, "right", { tokens: 0, depths: 15 }, [])).toEqual({});
	});

	it("walks the columns on show, from left to right", () => {
		const shown = [4, 2, 1];
		expect(move(at(2, 3), "right", bounds, shown)).toEqual({ token: 1 });
		expect(move(at(2, 3), "left", bounds, shown)).toEqual({ token: 4 });
		expect(move(at(2, 3), "first", bounds, shown)).toEqual({ token: 4 });
		expect(move(at(1, 3), "right", bounds, [0, 3])).toEqual({ token: 3 });
		expect(move(at(1, 3), "left", bounds, [0, 3])).toEqual({ token: 0 });
	});

	it("drops what an analysis does not have", () => {
		const far = { ...at(5, 15), range: [3, 15] as const };
		expect(within(far, bounds)).toMatchObject({ token: null, depth: null, range: null });
		expect(within({ ...at(4, 14), range: [3, 14] }, bounds).range).toEqual([3, 14]);
	});

	it("grows and shrinks a range from its anchor", () => {
		let selection = { ...at(1, 6), ...extend(at(1, 6), "up", bounds) };
		expect(selection.range).toEqual([6, 7]);
		selection = { ...selection, ...extend(selection, "up", bounds) };
		expect(selection.range).toEqual([6, 8]);
		selection = { ...selection, ...extend(selection, "down", bounds) };
		expect(selection.range).toEqual([6, 7]);
		selection = { ...selection, ...extend(selection, "down", bounds) };
		selection = { ...selection, ...extend(selection, "down", bounds) };
		expect(selection.range).toEqual([5, 6]);
	});

	it("leaves a causal test and a patch behind on the way to another analysis", () => {
		const here = { ...at(1, 2), test: "ab", testOf: "token", patch: 7, patchWord: "red" } as const;
		expect(forAnother(here)).toEqual({ ...here, test: null, patch: null });
	});

	it("clears the range first, then the cell", () => {
		expect(clear({ ...at(1, 2), range: [1, 2] })).toEqual({ range: null });
		expect(clear(at(1, 2))).toEqual({ token: null, depth: null });
	});
});
