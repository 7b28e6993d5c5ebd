import { describe, expect, it } from "vitest";
import type { Analysis } from "../api/types";
import { columnsOf } from "./columns";

const flag = (flagged: boolean) => ({ flagged, score: 0.7, lead: null });
const token = (index: number, text: string, more = {}) => ({
	index,
	text,
	flag: null,
	class: null,
	reversal: null,
	...more,
});
const of = (answer: string, ...tokens: object[]) => ({ answer, tokens }) as unknown as Analysis;

describe("columns", () => {
	const answer = of(
		"A dog is red.",
		token(0, "A"),
		token(1, " dog", { flag: flag(false) }),
		token(2, " is", { class: "mutation" }),
		token(3, " red", { flag: flag(true), class: "mutation" }),
	);

	it("are all tokens, or those of a kind", () => {
		expect(columnsOf(answer, "all")).toEqual([0, 1, 2, 3]);
		expect(columnsOf(answer, "content")).toEqual([1, 3]);
		expect(columnsOf(answer, "flagged")).toEqual([3]);
		expect(columnsOf(answer, "mutating")).toEqual([2, 3]);
	});

	it("are words of letters where nothing is scored", () => {
		const plain = of("A dog.", token(0, "A"), token(1, " dog"), token(2, "."));
		expect(columnsOf(plain, "content")).toEqual([1]);
	});

	it("run right to left where the text does", () => {
		expect(columnsOf(of("«כלב כחול", token(0, "«"), token(1, "כלב")), "all")).toEqual([1, 0]);
		expect(columnsOf(of("a כלב", token(0, "a"), token(1, " כלב")), "all")).toEqual([0, 1]);
	});
});
