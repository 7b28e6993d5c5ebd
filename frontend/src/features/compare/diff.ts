// What became of the words of one text in another: kept, changed, gone, new. Pure.

import { stretches } from "../../text/diff";

export interface Part {
	kind: "kept" | "changed" | "gone" | "new";
	/** The stretch in the first text, "" where there is none. */
	before: string;
	/** … and in the second. */
	after: string;
}

export type Counts = Record<Part["kind"], number>;

interface Piece {
	/** A word or a mark of punctuation. */
	text: string;
	/** The space in front of it. */
	space: string;
}

// Also knows the words of scripts without spaces.
const words = new Intl.Segmenter(undefined, { granularity: "word" });

function pieces(text: string): Piece[] {
	const found: Piece[] = [];
	let space = "";
	for (const { segment } of words.segment(text.trim())) {
		if (segment.trim() === "") space += segment;
		else {
			found.push({ text: segment, space });
			space = "";
		}
	}
	return found;
}

const joined = (found: readonly Piece[]) =>
	found.map(({ text, space }, i) => (i === 0 ? "" : space) + text).join("");

function part(before: readonly Piece[], after: readonly Piece[], kept: boolean): Part {
	const change = before.length === 0 ? "new" : after.length === 0 ? "gone" : "changed";
	return { kind: kept ? "kept" : change, before: joined(before), after: joined(after) };
}

/** The parts in order; along a longest common subsequence of words and punctuation. */
export function wordDiff(first: string, second: string): Part[] {
	const [before, after] = [pieces(first), pieces(second)];
	const texts = (found: readonly Piece[]) => found.map(({ text }) => text);
	return stretches(texts(before), texts(after)).map(({ kept, a, b }) =>
		part(before.slice(...a), after.slice(...b), kept),
	);
}

const wordCount = (text: string) =>
	[...words.segment(text)].filter((piece) => piece.isWordLike).length;

/** Words, without punctuation; of a changed part, what one side has more counts as gone or new. */
export function counted(parts: readonly Part[]): Counts {
	const counts: Counts = { kept: 0, changed: 0, gone: 0, new: 0 };
	for (const { kind, before, after } of parts) {
		const [a, b] = [wordCount(before), wordCount(after)];
		const paired = Math.min(a, b);
		counts[kind === "kept" ? "kept" : "changed"] += paired;
		counts.gone += a - paired;
		counts.new += b - paired;
	}
	return counts;
}
