// Which cell to show before the user has chosen one: where there is most to see.
import type { Analysis, Token } from "../api/types";

/** Words first: a full stop that changes late tells little. */
function mostTelling(all: Token[]): Token | undefined {
	const words = all.filter((token) => /^ ?\p{L}{2,}/u.test(token.text));
	const tokens = words.length ? words : all;
	return (
		last(tokens, (token) => token.reversal?.overturned_at) ??
		last(tokens, (token) => token.mutation_depth) ??
		last(tokens, (token) => token.emergence ?? 0)
	);
}

/** The token whose depth is the greatest; the first of equals; undefined where none has one. */
function last(
	tokens: Token[],
	depth: (token: Token) => number | null | undefined,
): Token | undefined {
	const known = tokens.filter((token) => typeof depth(token) === "number");
	const most = Math.max(...known.map((token) => depth(token) ?? 0));
	return known.find((token) => depth(token) === most);
}

export function suggest(analysis: Analysis): { token: number | null; depth: number | null } {
	const token = mostTelling(analysis.tokens);
	if (!token) return { token: null, depth: null };
	const depth = token.reversal?.to_depth ?? token.emergence ?? analysis.model?.layers ?? null;
	return { token: token.index, depth };
}
