// Where a run stands in line, in words.

const MINUTE = 60;
const HOUR = 60 * MINUTE;

function duration(seconds: number): string {
	if (seconds < 5) return "a few seconds";
	if (seconds < 1.5 * MINUTE) return `${Math.ceil(seconds / 5) * 5} seconds`;
	if (seconds < HOUR) return `${Math.ceil(seconds / MINUTE)} minutes`;
	const hours = Math.ceil(seconds / HOUR);
	return hours === 1 ? "an hour" : `${hours} hours`;
}

/** position: 1 = next; seconds: until its turn, null where nothing is known. */
export function inLine(position: number, seconds: number | null): string {
	const place = position === 1 ? "Next in line" : `Number ${position} in line`;
	return seconds === null ? place : `${place}, about ${duration(seconds)}`;
}
