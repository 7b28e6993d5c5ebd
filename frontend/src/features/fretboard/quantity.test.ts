import { describe, expect, it } from "vitest";
import { barTitle } from "./quantity";

describe("the colour bar", () => {
	it.each([
		["leader", "probability · normed lens", "Probability of the word in the cell (normed lens)"],
		["probability", "probability · raw lens", "Probability of the emitted word (raw lens)"],
		[
			"rank",
			"rank, 1 = leader (log scale) · normed lens",
			"Rank of the emitted word (1 = leader (log scale) · normed lens)",
		],
		["entropy", "nats · normed lens", "Entropy (nats · normed lens)"],
		["jsd", "nats · normed lens", "JSD (nats · normed lens)"],
	] as const)("says whose %s it is", (quantity, title, words) => {
		expect(barTitle(quantity, "jsd", title)).toBe(words);
	});
});
