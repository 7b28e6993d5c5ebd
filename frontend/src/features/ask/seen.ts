// What is said of an example: its caption, and in one sentence what is to be seen. Pure.
import type { Analysis, GalleryEntry } from "../../api/types";

/** Its title without what was said of its choice. */
export const captionOf = (title: string) => title.replace(/:.*| \(picked\)$/g, "");

interface Group {
	kind: string;
	color: string;
	count: number;
}

/** Of the first word that overturned the colour which is in the picture; null where none did. */
export function toBeSeen(entry: GalleryEntry, { tokens }: Analysis): string | null {
	const groups = (entry.truth as { groups?: Group[] }).groups ?? [];
	for (const { reversal, text } of tokens) {
		const rival = reversal?.rival_text.trim();
		const group = groups.find(({ color }) => color === rival);
		if (!reversal || !group) continue;
		const [what, are] = group.count === 1 ? [group.kind, "is"] : [`${group.kind}s`, "are"];
		return `The ${what} ${are} ${rival}; the model reads “${rival}” until depth ${reversal.to_depth}, then says “${text.trim()}”.`;
	}
	return null;
}
