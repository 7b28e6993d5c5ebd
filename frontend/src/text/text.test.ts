import { describe, expect, it } from "vitest";
import type { Reversal, Token } from "../api/types";
import { percent, points, signedNats, tiny } from "./numbers";
import { flagLine, reversalLine, scoreText, stageLine } from "./stage";
import { labelLength, tokenLabel, tokenName } from "./token";

describe("token labels", () => {
	it.each([
		[" red", true, "red", "word"],
		["red", false, "red", "word"],
		["\n", false, "↵", "newline"],
		["<0xE2>", false, "E2", "byte"],
		["</s>", false, "</s>", "special"],
		[" ", false, "·", "blank"],
		["", false, "·", "blank"],
		[" <b>", true, "<b>", "word"],
		["  two", true, " two", "word"],
	])("%j", (text, space, shown, kind) => {
		expect(tokenLabel(text)).toEqual({ space, text: shown, kind });
	});

	it("names what has no letters", () => {
		expect([tokenName("\n"), tokenName(" "), tokenName("<0x0A>"), tokenName(" red")]).toEqual([
			"line break",
			"space",
			"byte 0A",
			"red",
		]);
	});

	it("counts characters, not code units", () => {
		expect(labelLength(" 🎸")).toBe(2);
	});
});

describe("numbers", () => {
	it("keeps small probabilities apart from zero", () => {
		expect(percent(0.973)).toBe("97.3 %");
		expect(percent(0)).toBe("0.0 %");
		expect(percent(0.00002)).toBe("2 × 10⁻⁵");
		expect(tiny(3.6e-7)).toBe("3.6 × 10⁻⁷");
		expect(tiny(0)).toBe("0");
		expect(percent(Number.NaN)).toBe("–");
		expect([0.369, -0.123, 0, -0.0001, Number.NaN].map(points)).toEqual([
			"+36.9 pts",
			"−12.3 pts",
			"0.0 pts",
			"−<0.1 pts",
			"–",
		]);
		expect(signedNats(-0.829)).toBe("−0.83 nats");
	});
});

const token: Token = {
	index: 3,
	id: 9,
	text: " yellow",
	probability: 0.7,
	log_probability: -0.36,
	rank: 1,
	entropy: 0.8,
	class: "mutation",
	emergence: 12,
	mutation_depth: 12,
	reversal: { rival_id: 4, rival_text: " blue", from_depth: 6, to_depth: 10, overturned_at: 12 },
	flag: null,
};

describe("flags", () => {
	const lead = { ...token.reversal, rival_text: " green", from_depth: 9, to_depth: 9 } as Reversal;
	const flag = { score: 0.712, flagged: true, lead };

	it("say why a word is marked", () => {
		expect(flagLine({ ...token, flag })).toBe("“green” led at depth 9; “yellow” took over at 12.");
		expect(reversalLine({ ...token, flag, reversal: null })).toContain("not proof");
		expect(scoreText(flag)).toBe("0.71 of 1");
	});

	it("say nothing of a word below the threshold or without a score", () => {
		expect(flagLine({ ...token, flag: { ...flag, flagged: false } })).toBeNull();
		expect(flagLine(token)).toBeNull();
		expect(scoreText(null)).toBeNull();
	});

	it("leave a reversal below the threshold to its own sentence", () => {
		expect(reversalLine({ ...token, flag: { ...flag, flagged: false } })).toContain("“blue” led");
	});
});

describe("stage line", () => {
	it("tells a reversal as evidence, not proof", () => {
		expect(reversalLine(token)).toContain("“blue” led from depth 6 to 10");
		expect(reversalLine(token)).toContain("not proof");
		expect(reversalLine({ ...token, reversal: null })).toBeNull();
	});

	it("tells a stable token", () => {
		const stable: Token = {
			...token,
			class: "stable",
			emergence: 9,
			mutation_depth: null,
			reversal: null,
		};
		expect(stageLine(stable).join("; ")).toBe(
			"Takes shape at depth 9; settles without a late shift",
		);
	});

	it("says so when a token never leads", () => {
		const forced: Token = {
			...token,
			class: null,
			emergence: null,
			mutation_depth: null,
			reversal: null,
		};
		expect(stageLine(forced)).toEqual(["Never in the lead at the last depth"]);
	});
});
