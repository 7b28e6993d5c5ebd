// The stage line: how the selected token came about, in METHOD.md's terms and careful words.
import type { Token } from "../api/types";
import { tokenName } from "./token";

/** e.g. ["Takes shape at depth 9", "settles without a late shift"]. */
export function stageLine(token: Token): string[] {
	return [emergence(token), mutation(token)].filter((part) => part !== null);
}

function emergence(token: Token): string | null {
	if (token.emergence === null) return "Never in the lead at the last depth";
	if (token.emergence === 0) return "In the lead from depth 0 on";
	return `Takes shape at depth ${token.emergence}`;
}

function mutation(token: Token): string | null {
	if (token.reversal) return null;
	if (token.mutation_depth !== null)
		return `its distribution shifts once more at depth ${token.mutation_depth}`;
	return token.class === "stable" ? "settles without a late shift" : null;
}

/** The sentence on a reversal, or null. A reversal is evidence, not proof, and says so. */
export function reversalLine(token: Token): string | null {
	const reversal = token.reversal;
	if (!reversal) return null;
	const rival = `“${tokenName(reversal.rival_text)}”`;
	const span =
		reversal.from_depth === reversal.to_depth
			? `at depth ${reversal.from_depth}`
			: `from depth ${reversal.from_depth} to ${reversal.to_depth}`;
	return `${rival} led ${span}; “${tokenName(token.text)}” took over at ${reversal.overturned_at}. A late reversal is evidence for a hallucination, not proof.`;
}
