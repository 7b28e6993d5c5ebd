// Numbers as the page writes them: tabular, with as many digits as can be trusted.

/** 0.973 → "97.3 %"; below one in a thousand with a power of ten. */
export function percent(value: number): string {
	if (!Number.isFinite(value)) return "–";
	if (value > 0 && value < 0.0005)
		return `${value.toExponential(0).replace("e-", " × 10⁻").replace(/\d+$/, superscript)}`;
	return `${(100 * value).toFixed(1)} %`;
}

const superscript = (digits: string) =>
	[...digits].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? digit).join("");

export const nats = (value: number) => (Number.isFinite(value) ? `${value.toFixed(2)} nats` : "–");

export const seconds = (value: number) =>
	value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
