import { describe, expect, it } from "vitest";
import type { Analysis } from "../api/types";
import { aligned, patched, secondSelection, swapped } from "./pair";
import { type Beside, EMPTY, type Selection } from "./permalink";

const answer = (...texts: string[]) =>
	({ tokens: texts.map((text, index) => ({ index, text })) }) as unknown as Analysis;
const A: Selection = { ...EMPTY, token: 2, depth: 5, lens: "raw" };
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

describe("the second side", () => {
	it("follows the first's token only where the tokens are the same", () => {
		const without: Beside = { ...B, token: null };
		expect(secondSelection(A, without, true).token).toBe(2);
		expect(secondSelection(A, without, false).token).toBeNull();
		expect(secondSelection(A, B, true)).toEqual({ ...A, token: 4, lens: "normed" });
	});

	it("keeps token and lens to itself and shares all else", () => {
		const both = { selection: A, beside: B };
		const second = patched(both, 1, { token: 0, depth: 9, lens: "difference" }, false);
		expect(second.selection).toEqual({ ...A, depth: 9 });
		expect(second.beside).toEqual({ id: "b", token: 0, lens: "difference" });
		const first = patched(both, 0, { token: 0, lens: null, words: ["red"] }, false);
		expect(first.selection).toEqual({ ...A, token: 0, lens: null, words: ["red"] });
		expect(first.beside).toEqual(B);
	});

	it("selects the same token on both where they align, from either side", () => {
		for (const side of [0, 1] as const) {
			const next = patched({ selection: A, beside: B }, side, { token: 7 }, true);
			expect([next.selection.token, next.beside.token]).toEqual([7, null]);
		}
	});

	it("changes places with the first, twice to no effect", () => {
		const once = swapped("a", { selection: A, beside: B });
		expect(once.id).toBe("b");
		expect(once.selection).toMatchObject({ token: 4, depth: 5, lens: "normed" });
		expect(once.beside).toEqual({ id: "a", token: 2, lens: "raw" });
		expect(swapped(once.id, once)).toEqual({ id: "a", selection: A, beside: B });
	});
});
