// What the fretboard's quantities are called on the page.
import type { Divergence } from "../../api/types";
import type { Quantity } from "../../state/permalink";
import { divergenceName } from "../reading";

interface Named {
	value: Quantity;
	label: string;
	title: string;
}

/** The divergence goes by the name of the one that is chosen. */
export const quantityOptions = (divergence: Divergence): readonly Named[] => [
	{ value: "probability", label: "Probability", title: "Probability of the emitted token" },
	{ value: "rank", label: "Rank", title: "Rank of the emitted token, 1 = leader" },
	{ value: "entropy", label: "Entropy", title: "Entropy of the whole distribution, in nats" },
	{
		value: "jsd",
		label: divergenceName(divergence),
		title: "Divergence between adjacent depths",
	},
	{ value: "leader", label: "Leader", title: "The likeliest word and its probability" },
];

export const quantityName = (quantity: Quantity, divergence: Divergence) =>
	quantityOptions(divergence).find((option) => option.value === quantity)?.label ?? "";
