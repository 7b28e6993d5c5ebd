// Two rows of words along their longest common subsequence. Pure.

/** A stretch of both rows, kept or not: from `a[0]` up to `a[1]` in the first, and likewise in the second. */
export interface Stretch {
	kept: boolean;
	a: readonly [number, number];
	b: readonly [number, number];
}

/** (n+1) × (m+1) lengths of the longest common subsequence of what follows i and j. */
function common(a: readonly string[], b: readonly string[]): Uint16Array[] {
	const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
	const at = (i: number, j: number) => table[i]?.[j] ?? 0;
	for (let i = a.length - 1; i >= 0; i--)
		for (let j = b.length - 1; j >= 0; j--) {
			const row = table[i] as Uint16Array;
			row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
		}
	return table;
}

/** The stretches in order. */
export function stretches(a: readonly string[], b: readonly string[]): Stretch[] {
	const table = common(a, b);
	const found: Stretch[] = [];
	let [i, j] = [0, 0];
	const same = () => i < a.length && j < b.length && a[i] === b[j];
	while (i < a.length || j < b.length) {
		const [fromA, fromB] = [i, j];
		while (same()) [i, j] = [i + 1, j + 1];
		if (i > fromA) found.push({ kept: true, a: [fromA, i], b: [fromB, j] });
		const [startA, startB] = [i, j];
		while ((i < a.length || j < b.length) && !same()) {
			if (j === b.length || (i < a.length && (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0)))
				i++;
			else j++;
		}
		if (i > startA || j > startB) found.push({ kept: false, a: [startA, i], b: [startB, j] });
	}
	return found;
}
