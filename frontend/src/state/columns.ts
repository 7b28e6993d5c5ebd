// Which tokens of an answer are the board's columns, and in which order. Pure.
import type { Analysis, Token } from "../api/types";

export const FILTERS = ["all", "content", "flagged", "mutating"] as const;
export type Filter = (typeof FILTERS)[number];

const RIGHT_TO_LEFT =
	/^\P{L}*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** Whether the text runs right to left, by its first letter. */
export const isRightToLeft = (text: string | null) => RIGHT_TO_LEFT.test(text ?? "");

const KEEP: Record<Filter, (token: Token) => boolean> = {
	all: () => true,
	// Content words alone are scored; without stages nothing is, and words of letters stand in.
	content: (token) => token.flag !== null,
	flagged: (token) => token.flag?.flagged ?? false,
	mutating: (token) => token.class === "mutation" || token.reversal !== null,
};
const LETTERS = /\p{L}{2,}/u;

/** The indices of the tokens on show, from left to right. */
export function columnsOf({ tokens, answer }: Analysis, filter: Filter): number[] {
	const scored = tokens.some((token) => token.flag !== null);
	const plain = filter === "content" && !scored;
	const kept = tokens.filter(plain ? ({ text }) => LETTERS.test(text) : KEEP[filter]);
	const columns = kept.map((token) => token.index);
	return isRightToLeft(answer) ? columns.reverse() : columns;
}
