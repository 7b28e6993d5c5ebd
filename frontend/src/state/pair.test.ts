import { describe, expect, it } from "vitest";
import type { Analysis } from "../api/types";
import { aligned, counterparts, firstDifference, patched, secondSelection, swapped } from "./pair";
import { address, type Beside, EMPTY, parsePlace, type Selection } from "./permalink";

const answer = (...texts: string[]) =>
	({ tokens: texts.map((text, index) => ({ index, text })) }) as unknown as Analysis;
const A: Selection = { ...EMPTY, token: 2, depth: 5, lens: "raw" };
const SAME = [12, 12] as const;
const B: Beside = { id: "b", token: 4, lens: "normed" };

describe("two answers", () => {
	it("align with the same tokens, a leading space or a last token apart", () => {
		expect(aligned(answer(" red", " ball"), answer("red", " ball", "</s>"))).toBe(true);
		expect(aligned(answer(" red", " ball"), answer(" blue", " ball"))).toBe(false);
		expect(aligned(answer(" red"), answer(" red", " ball", "."))).toBe(false);
		expect(aligned(answer(), answer("</s>"))).toBe(false);
		expect(aligned(answer(" red"), null)).toBe(false);
	});
});

describe("counterparts", () => {
	const a = answer(" The", " dog", " is", " blue", ".", "</s>");
	const b = answer("The", " small", " dog", " is", " brown", ".");

	it("follow the word diff, changed words in order", () => {
		expect(counterparts(a, b)).toEqual([0, 2, 3, 4, 5, null]);
		expect(counterparts(a, null)).toEqual([]);
	});

	it("tell where two answers begin to differ, but for how they end", () => {
		expect(firstDifference(a, b)).toBe(1);
		expect(firstDifference(a, answer("The", " dog", " is", " red"))).toBe(3);
		expect(firstDifference(a, answer("The", " dog", " is", " blue", "."))).toBeNull();
	});
});

describe("the second side", () => {
	const partners = [0, 2, 3, null, 4];

	it("follows the first's token to its counterpart", () => {
		const without: Beside = { ...B, token: null };
		expect(secondSelection(A, without, partners, SAME).token).toBe(3);
		expect(secondSelection(A, without, [], SAME).token).toBeNull();
		expect(secondSelection(A, B, partners, SAME)).toEqual({ ...A, token: 4, lens: "normed" });
	});

	it("keeps lens, and a token without counterpart, to itself and shares all else", () => {
		const both = { selection: A, beside: B };
		const second = patched(both, 1, { token: 1, depth: 9, lens: "difference" }, partners, SAME);
		expect(second.selection).toEqual({ ...A, depth: 9 });
		expect(second.beside).toEqual({ id: "b", token: 1, depth: null, lens: "difference" });
		const first = patched(both, 0, { token: 3, lens: null, words: ["red"] }, partners, SAME);
		expect(first.selection).toEqual({ ...A, token: 3, lens: null, words: ["red"] });
		expect(first.beside).toEqual(B);
	});

	it("selects counterparts on both, from either side", () => {
		const both = { selection: A, beside: B };
		for (const [side, token] of [
			[0, 1],
			[1, 2],
		] as const) {
			const next = patched(both, side, { token }, partners, SAME);
			expect([next.selection.token, next.beside.token]).toEqual([1, null]);
			expect(secondSelection(next.selection, next.beside, partners, SAME).token).toBe(2);
		}
	});

	it("changes places with the first, twice to no effect", () => {
		const once = swapped("a", { selection: A, beside: B }, SAME);
		expect(once.id).toBe("b");
		expect(once.selection).toMatchObject({ token: 4, depth: 5, lens: "normed" });
		expect(once.beside).toEqual({ id: "a", token: 2, depth: null, lens: "raw" });
		expect(swapped(once.id, once, SAME)).toEqual({
			id: "a",
			selection: A,
			beside: { ...B, depth: null },
		});
	});
});

describe("two models", () => {
	const layers = [12, 30] as const;
	const both = { selection: { ...A, range: [6, 12] as const }, beside: { ...B, token: null } };

	it("have the same share of their layers selected", () => {
		const second = secondSelection(both.selection, both.beside, [], layers);
		expect([second.depth, second.range]).toEqual([13, [15, 30]]);
	});

	it("keep a depth of the deeper one that the other lacks, in the link and when they change places", () => {
		const next = patched(both, 1, { depth: 17 }, [], layers);
		expect(next.selection.depth).toBe(7);
		expect(secondSelection(next.selection, next.beside, [], layers).depth).toBe(17);
		const link = address("a", next.selection, next.beside);
		expect(
			parsePlace(new URL(link, "http://x").pathname, link.split("?")[1] ?? "").beside?.depth,
		).toBe(17);
		const turned = swapped("a", next, layers);
		expect([turned.selection.depth, turned.beside.depth]).toEqual([17, 7]);
		expect(patched(next, 0, { depth: 3 }, [], layers).beside.depth).toBeNull();
	});
});
