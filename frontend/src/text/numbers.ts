// Numbers as the page writes them: tabular, with as many digits as can be trusted.

/** 0.973 → "97.3 %", as the figures write it; what rounds to none of it is "<0.1 %". */
export function percent(value: number): string {
	if (!Number.isFinite(value)) return "–";
	if (value > 0 && value < 0.0005) return "<0.1 %";
	return `${(100 * value).toFixed(1)} %`;
}

/** A small number with a power of ten: 3.6e-7 → "3.6 × 10⁻⁷". digits: after the point. */
export function tiny(value: number, digits = 1): string {
	if (value === 0) return "0";
	return value.toExponential(digits).replace("e-", " × 10⁻").replace(/\d+$/, superscript);
}

const superscript = (digits: string) =>
	[...digits].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? digit).join("");

export const nats = (value: number) => (Number.isFinite(value) ? `${value.toFixed(2)} nats` : "–");

const sign = (value: number) => (value < 0 ? "−" : "+");

/** A difference of probabilities in points of a hundred: −0.123 → "−12.3 pts". */
export function points(value: number): string {
	if (!Number.isFinite(value)) return "–";
	if (value !== 0 && Math.abs(value) < 0.0005) return `${sign(value)}<0.1 pts`;
	return `${value === 0 ? "" : sign(value)}${(100 * Math.abs(value)).toFixed(1)} pts`;
}

export const signedNats = (value: number) =>
	Number.isFinite(value) ? `${sign(value)}${Math.abs(value).toFixed(2)} nats` : "–";

export const seconds = (value: number) =>
	value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;

/** A share of one: "0.71 of 1". */
export const ofOne = (share: number) => `${share.toFixed(2)} of 1`;

/** Bytes as people read them: 519000000 → "519 MB", 1.7e9 → "1.7 GB". */
export const fileSize = (bytes: number) =>
	bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
