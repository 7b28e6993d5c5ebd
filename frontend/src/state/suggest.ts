// Which cell to show before the user has chosen one: where there is most to see.
import type { Analysis, Token } from "../api/types";

/** Words first: a full stop that changes late tells little. */
function mostTelling(all: Token[]): Token | undefined {
	const words = all.filter((token) => /^ ?\p{L}{2,}/u.test(token.text));
	const tokens = words.length ? words : all;
	return (
		tokens.find((token) => token.reversal !== null) ??
		tokens.find((token) => token.class === "mutation") ??
		tokens.reduce<Token | undefined>(latest, undefined)
	);
}

/** Content words tend to take shape later than function words. */
function latest(best: Token | undefined, token: Token): Token {
	return best && (best.emergence ?? 0) >= (token.emergence ?? 0) ? best : token;
}

export function suggest(analysis: Analysis): { token: number | null; depth: number | null } {
	const token = mostTelling(analysis.tokens);
	if (!token) return { token: null, depth: null };
	const depth = token.reversal?.to_depth ?? token.emergence ?? analysis.model?.layers ?? null;
	return { token: token.index, depth };
}
