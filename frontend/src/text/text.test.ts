import { describe, expect, it } from "vitest";
import { ofOne, percent, points, signedNats, tiny } from "./numbers";
import { joinedBytes, labelLength, tokenLabel, tokenName, writtenOf } from "./token";

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
		expect(percent(0.00002)).toBe("<0.1 %");
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
		expect(ofOne(0.712)).toBe("0.71 of 1");
		expect(signedNats(-0.829)).toBe("−0.83 nats");
	});
});

describe("bytes", () => {
	const euro = ["<0xE2>", "<0x82>", "<0xAC>"];

	it("are joined to the character that they form", () => {
		const joined = joinedBytes([" a", ...euro, "<0xC3>", "b"]);
		expect(joined[0]).toBeNull();
		expect(joined.slice(1, 4).map((of) => `${of?.part}/${of?.of} ${of?.character}`)).toEqual([
			"1/3 €",
			"2/3 €",
			"3/3 €",
		]);
		expect(joined.slice(4)).toEqual([null, null]); // cut off: no character
	});

	it("are read as text, and special tokens are no part of it", () => {
		expect(writtenOf([" It", " costs", " 5", ...euro, ".", "</s>"])).toBe("It costs 5€.");
	});
});
