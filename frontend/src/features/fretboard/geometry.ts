// Where columns and rows lie, in CSS pixels. Chips, heatmap and marks all ask here, so they cannot part.
import type { Analysis } from "../../api/types";
import type { Range, Zoom } from "../../state/permalink";
import { labelLength } from "../../text/token";

export interface Grid {
	/** The token of each column, from left to right. */
	columns: readonly number[];
	rows: number;
	columnWidth: number;
	rowHeight: number;
}

export interface CellAt {
	token: number;
	row: number;
}

const CHARACTER = 7.3; // width of one character of the chips' mono face at 12 px
const CHIP_PADDING = 16;
const NARROWEST = 38;
const WIDEST_LABEL = 108; // longer labels are cut with an ellipsis
const WIDEST_FILL = 132; // short answers do not stretch beyond this
const WIDEST = 220;
const ZOOM = 1.5; // of one step
const ROUNDING = 1e-6; // of steps
const BOARD_HEIGHT = 430;
const ROWS_HEIGHT = [7, 30] as const; // least and most, so that a cell can be hit and read

const between = (value: number, least: number, most: number) =>
	Math.min(Math.max(value, least), most);

/** One width for all columns: room for the longest label, stretched to fill what is there. */
export function columnWidth(texts: readonly string[], available: number): number {
	const longest = texts.reduce((most, text) => Math.max(most, labelLength(text)), 0);
	const wanted = between(Math.ceil(longest * CHARACTER) + CHIP_PADDING, NARROWEST, WIDEST_LABEL);
	const filled = Math.floor(available / Math.max(texts.length, 1));
	return between(filled, wanted, Math.max(wanted, WIDEST_FILL));
}

/** Never narrower than all columns in sight. */
function zoomed(width: number, zoom: Zoom, count: number, available: number): number {
	if (zoom === 0 || available === 0) return width;
	const fit = Math.min(width, available / Math.max(count, 1));
	return zoom === "fit" ? fit : between(width * ZOOM ** zoom, fit, Math.max(width, WIDEST));
}

/** The next whole step wider (1) or narrower (-1) than on show; the same zoom at either end. */
export function stepped(
	zoom: Zoom,
	step: 1 | -1,
	texts: readonly string[],
	available: number,
): Zoom {
	const usual = columnWidth(texts, available);
	const width = (zoom: Zoom) => zoomed(usual, zoom, texts.length, available);
	const now = width(zoom);
	const steps = Math.log(now / usual) / Math.log(ZOOM);
	const next = step > 0 ? Math.floor(steps + ROUNDING) + 1 : Math.ceil(steps - ROUNDING) - 1;
	if (width(next) === now) return zoom;
	return width(next) === width("fit") ? "fit" : next;
}

/** deepest: rows of the deeper of two boards, which are to be equally high. */
export function rowHeight(rows: number, deepest = rows): number {
	const height = between(Math.floor(BOARD_HEIGHT / Math.max(deepest, 1)), ...ROWS_HEIGHT);
	return rows === deepest ? height : (height * deepest) / Math.max(rows, 1);
}

/** texts: of the columns. */
export function gridOf(
	texts: readonly string[],
	columns: readonly number[],
	rows: number,
	available: number,
	zoom: Zoom = 0,
	deepest = rows,
): Grid {
	const width = columnWidth(texts, available);
	return {
		columns,
		rows,
		columnWidth: zoomed(width, zoom, columns.length, available),
		rowHeight: rowHeight(rows, deepest),
	};
}

export const widthOf = (grid: Grid) => grid.columns.length * grid.columnWidth;

/** The left end of a token's column; null where it has none. */
export function leftOf(grid: Grid, token: number | null): number | null {
	const place = token === null ? -1 : grid.columns.indexOf(token);
	return place < 0 ? null : place * grid.columnWidth;
}

/** Columns from `first` up to `end`, which is not among them. */
export interface Seen {
	first: number;
	end: number;
}

/** The columns to draw for a scroller `width` wide whose left end is at `left`: a width more on both sides. */
export function seenAt(grid: Grid, left: number, width: number): Seen {
	const at = (x: number) => between(x / grid.columnWidth, 0, grid.columns.length);
	return { first: Math.floor(at(left - width)), end: Math.ceil(at(left + 2 * width)) };
}

/** The cell under a point of the board; null outside. Row 0 is at the bottom. */
export function cellAt(grid: Grid, x: number, y: number): CellAt | null {
	const token = grid.columns[Math.floor(x / grid.columnWidth)];
	const row = grid.rows - 1 - Math.floor(y / grid.rowHeight);
	return token !== undefined && row >= 0 && row < grid.rows ? { token, row } : null;
}

export const rowAt = (grid: Grid, y: number) =>
	between(grid.rows - 1 - Math.floor(y / grid.rowHeight), 0, grid.rows - 1);

export const topOf = (grid: Grid, row: number) => (grid.rows - 1 - row) * grid.rowHeight;

/** Rows of the board, both ends included, as an element's style. */
export const rowsStyle = (grid: Grid, [low, high]: Range) =>
	`top:${topOf(grid, high)}px;height:${(high - low + 1) * grid.rowHeight}px`;

/** The column of a token likewise. */
export const columnStyle = (grid: Grid, token: number | null) =>
	`left:${leftOf(grid, token)}px;width:${grid.columnWidth}px`;

const STEPS = [1, 2, 4, 5, 8, 10, 16, 20];
const LABEL_HEIGHT = 15;

/** Rows that carry a label, as many as fit; the ends always. per: rows of a whole depth. */
export function labelledRows(grid: Grid, per = 1): number[] {
	const fits = (candidate: number) => candidate * per * grid.rowHeight >= LABEL_HEIGHT;
	const step = per * (STEPS.find(fits) ?? 40);
	const last = per * Math.floor((grid.rows - 1) / per);
	const rows = Array.from({ length: grid.rows }, (_, row) => row).filter((row) => row % step === 0);
	return last % step === 0 ? rows : [...rows.filter((row) => last - row >= step), last];
}

/** The skeleton's rows before the analysis is there. */
export const expectedDepths = (analysis: Analysis | null) => (analysis?.model?.layers ?? 14) + 1;
