// What the fretboard's quantities are called on the page.
import type { Divergence } from "../../api/types";
import type { Named } from "../../state/codec";
import type { Quantity } from "../../state/permalink";
import { divergenceName } from "../../state/reading";

/** The divergence goes by the name of the one that is chosen. */
export const quantityOptions = (divergence: Divergence): readonly Named<Quantity>[] => [
	{
		value: "leader",
		label: "Leading word",
		title: "Probability of the likeliest word, which is written in the cell (default)",
	},
	{
		value: "probability",
		label: "Emitted word",
		title: "Probability of the emitted word, whatever leads in the cell",
	},
	{ value: "rank", label: "Rank", title: "Rank of the emitted word, 1 = leader" },
	{ value: "entropy", label: "Entropy", title: "Entropy of the whole distribution, in nats" },
	{
		value: "jsd",
		label: divergenceName(divergence),
		title: "Divergence between adjacent depths",
	},
];

export const quantityName = (quantity: Quantity, divergence: Divergence) =>
	quantityOptions(divergence).find((option) => option.value === quantity)?.label ?? "";

/** Whose numbers the colour shows, where the figure's own title leaves that open. */
const WHOSE: Partial<Record<Quantity, string>> = {
	leader: "Probability of the word in the cell",
	probability: "Probability of the emitted word",
	rank: "Rank of the emitted word",
};

/** The colour bar's title in words. title: the figure's, its unit, lens and scaling. */
export function barTitle(quantity: Quantity, divergence: Divergence, title: string): string {
	const whose = WHOSE[quantity] ?? quantityName(quantity, divergence);
	const rest = title.replace(/^probability · |^rank, /, "");
	return rest.toLowerCase().includes(whose.toLowerCase()) ? rest : `${whose} (${rest})`;
}
