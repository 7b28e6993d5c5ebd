// The stage line: how the selected token came about, in METHOD.md's terms and careful words.
import type { Flag, Reversal, Token } from "../api/types";
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

/** Why a token is flagged, in one sentence; null for one that is not. */
export function flagLine(token: Pick<Token, "text" | "flag">): string | null {
	const { flag } = token;
	return flag?.flagged && flag.lead ? leadLine(token.text, flag.lead) : null;
}

/** "0.71 of 1", or null for what is not scored. */
export const scoreText = (flag: Flag | null) => (flag ? `${flag.score.toFixed(2)} of 1` : null);

/** The sentence on a flag or a reversal, or null. Either is evidence, not proof, and says so. */
export function reversalLine(token: Token): string | null {
	const lead = token.flag?.flagged ? token.flag.lead : token.reversal;
	if (!lead) return null;
	return `${leadLine(token.text, lead)} A late reversal is evidence for a hallucination, not proof.`;
}

function leadLine(text: string, reversal: Reversal): string {
	const rival = `“${tokenName(reversal.rival_text)}”`;
	const span =
		reversal.from_depth === reversal.to_depth
			? `at depth ${reversal.from_depth}`
			: `from depth ${reversal.from_depth} to ${reversal.to_depth}`;
	return `${rival} led ${span}; “${tokenName(text)}” took over at ${reversal.overturned_at}.`;
}
