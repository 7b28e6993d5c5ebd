// The chosen word in an answer. Pure.

export interface MarkedAnswer {
	before: string;
	word: string;
	after: string;
}

/** The answer cut at the chosen word; null where the word stands there more than once or not at all. */
export function markedAnswer(answer: string, word: string | null): MarkedAnswer | null {
	if (!word) return null;
	const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
	const found = [
		...answer.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "gu")),
	];
	const at = found[0]?.index;
	if (found.length !== 1 || at === undefined) return null;
	return { before: answer.slice(0, at), word, after: answer.slice(at + word.length) };
}
