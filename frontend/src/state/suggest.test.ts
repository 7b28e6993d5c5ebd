import { describe, expect, it } from "vitest";
import type { Analysis, Token } from "../api/types";
import { suggest } from "./suggest";

const token = (index: number, text: string, more: Partial<Token> = {}): Token => ({
	index,
	id: index,
	text,
	probability: 1,
	log_probability: 0,
	rank: 1,
	entropy: 0,
	class: "stable",
	emergence: 1,
	mutation_depth: null,
	reversal: null,
	flag: null,
	story: null,
	...more,
});
const reversal = {
	rival_id: 1,
	rival_text: " blue",
	from_depth: 6,
	to_depth: 10,
	overturned_at: 11,
};
const answer = (...tokens: Token[]) => ({ tokens, model: { layers: 12 } }) as Analysis;

describe("the cell shown first", () => {
	it("is a word with a late reversal, where its rival still led", () => {
		const stop = token(0, ".", { class: "mutation", reversal });
		const word = token(1, " red", { class: "mutation", reversal });
		expect(suggest(answer(stop, token(2, " the"), word))).toEqual({ token: 1, depth: 10 });
	});

	it("is else the word that takes shape last", () => {
		const late = token(1, " left", { emergence: 7 });
		expect(suggest(answer(token(0, " the"), late, token(2, " is")))).toEqual({
			token: 1,
			depth: 7,
		});
	});

	it("makes do with what there is", () => {
		expect(suggest(answer(token(0, ".", { emergence: null })))).toEqual({ token: 0, depth: 12 });
		expect(suggest(answer())).toEqual({ token: null, depth: null });
	});
});
