// What became of the words of one text in another: kept, changed, gone, new. Pure.

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

/** (n+1) × (m+1) lengths of the longest common subsequence of what follows i and j. */
function common(a: readonly Piece[], b: readonly Piece[]): Uint16Array[] {
	const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
	const at = (i: number, j: number) => table[i]?.[j] ?? 0;
	for (let i = a.length - 1; i >= 0; i--)
		for (let j = b.length - 1; j >= 0; j--) {
			const row = table[i] as Uint16Array;
			const same = a[i]?.text === b[j]?.text;
			row[j] = same ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
		}
	return table;
}

const joined = (found: readonly Piece[]) =>
	found.map(({ text, space }, i) => (i === 0 ? "" : space) + text).join("");

function part(before: readonly Piece[], after: readonly Piece[], kept: boolean): Part {
	const change = before.length === 0 ? "new" : after.length === 0 ? "gone" : "changed";
	return { kind: kept ? "kept" : change, before: joined(before), after: joined(after) };
}

/** The parts in order; along a longest common subsequence of words and punctuation. */
export function wordDiff(first: string, second: string): Part[] {
	const [a, b] = [pieces(first), pieces(second)];
	const table = common(a, b);
	const found: Part[] = [];
	let [i, j] = [0, 0];
	while (i < a.length || j < b.length) {
		const [fromA, fromB] = [i, j];
		while (i < a.length && j < b.length && a[i]?.text === b[j]?.text) [i, j] = [i + 1, j + 1];
		if (i > fromA) found.push(part(a.slice(fromA, i), b.slice(fromB, j), true));
		const [startA, startB] = [i, j];
		while ((i < a.length || j < b.length) && !(i < a.length && a[i]?.text === b[j]?.text)) {
			if (j === b.length || (i < a.length && (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0)))
				i++;
			else j++;
		}
		if (i > startA || j > startB) found.push(part(a.slice(startA, i), b.slice(startB, j), false));
	}
	return found;
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
