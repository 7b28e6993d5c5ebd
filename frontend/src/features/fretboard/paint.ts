// The cells of the board on a canvas: their colours, the hatching of skipped layers, their words above both.
import type { Trace } from "../../api/figure";
import { at, listOf } from "../../plot/arrays";
import { plainText } from "../../plot/hover";
import { DARK, LIGHT } from "../../plot/palette";
import type { Range } from "../../state/permalink";
import { type Grid, type Seen, topOf } from "./geometry";
import type { Shades } from "./shades";

export interface Cells {
	/** One pixel a cell: all columns by all rows, the deepest row on top. */
	image: HTMLCanvasElement;
	shades: Shades;
	word: (row: number, token: number) => string;
}

const FACE = '"IBM Plex Mono", ui-monospace, monospace';
const LETTER = 0.6; // width of a letter of the mono face, of its size
const SIZES = [9, 12] as const; // of letters, CSS pixels
const LEAST_HEIGHT = 12; // of rows with words, CSS pixels
const LEAST_LETTERS = 3;
const GAP = 1; // between cells

export function cellsOf(trace: Trace, shades: Shades, grid: Pick<Grid, "columns" | "rows">): Cells {
	const words = listOf(trace.hovertext);
	const word = (row: number, token: number) => plainText(String(at(words, row, token) ?? ""));
	return { image: pixels(grid, shades), shades, word };
}

function pixels({ columns, rows }: Pick<Grid, "columns" | "rows">, { palette, place }: Shades) {
	const width = Math.max(columns.length, 1);
	const image = Object.assign(document.createElement("canvas"), { width, height: rows });
	const pen = image.getContext("2d");
	const drawn = pen?.createImageData(width, rows);
	if (!pen || !drawn) return image;
	columns.forEach((token, column) => {
		for (let row = 0; row < rows; row++) {
			const found = place(row, token);
			if (found === null) continue;
			const start = 4 * ((rows - 1 - row) * width + column);
			drawn.data.set(palette.channels.subarray(4 * found, 4 * found + 4), start);
		}
	});
	pen.putImageData(drawn, 0, 0);
	return image;
}

export interface Painting {
	grid: Grid;
	seen: Seen;
	cells: Cells;
	/** Of the gaps between the cells. */
	paper: string;
	hatched: readonly Range[];
	/** The first column without the skipped layers. */
	from: number;
}

/** Draws the columns in sight; the canvas holds just them. */
export function paint(canvas: HTMLCanvasElement, painting: Painting): void {
	const { grid, seen, cells } = painting;
	const [width, height] = [(seen.end - seen.first) * grid.columnWidth, grid.rows * grid.rowHeight];
	const sharp = window.devicePixelRatio || 1;
	Object.assign(canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
	const pen = canvas.getContext("2d");
	if (!pen || seen.end <= seen.first) return;
	pen.scale(sharp, sharp);
	pen.imageSmoothingEnabled = false;
	pen.drawImage(cells.image, seen.first, 0, seen.end - seen.first, grid.rows, 0, 0, width, height);
	gaps(pen, painting, width, height);
	for (const rows of painting.hatched) hatch(pen, painting, rows, width);
	words(pen, painting);
}

function gaps(
	pen: CanvasRenderingContext2D,
	{ grid, seen, paper }: Painting,
	width: number,
	height: number,
) {
	pen.fillStyle = paper;
	for (let row = 1; row <= grid.rows; row++)
		pen.fillRect(0, row * grid.rowHeight - GAP, width, GAP);
	if (grid.columnWidth < 6) return; // the gaps would be more than the cells
	for (let column = 1; column <= seen.end - seen.first; column++)
		pen.fillRect(column * grid.columnWidth - GAP, 0, GAP, height);
}

/** Diagonals, ink beside paper, seen on the darkest and on the brightest cell alike. */
function hatch(
	pen: CanvasRenderingContext2D,
	{ grid, seen, from }: Painting,
	[low, high]: Range,
	width: number,
) {
	const [top, height] = [topOf(grid, high), (high - low + 1) * grid.rowHeight];
	const left = Math.max(0, (from - seen.first) * grid.columnWidth);
	pen.save();
	pen.beginPath();
	pen.rect(left, top, width - left, height);
	pen.clip();
	for (const [color, shift] of [
		[DARK, 0],
		[LIGHT, 1],
	] as const) {
		pen.strokeStyle = color;
		pen.globalAlpha = 0.7;
		pen.beginPath();
		for (let x = -height + shift; x < width; x += 9) {
			pen.moveTo(x, top + height);
			pen.lineTo(x + height, top);
		}
		pen.stroke();
	}
	pen.restore();
}

/** In every cell that can hold some letters; a cut word ends in an ellipsis. A word on hatching has a ground of its own. */
function words(pen: CanvasRenderingContext2D, { grid, seen, cells, hatched, from }: Painting) {
	const { palette } = cells.shades;
	const size = Math.min(Math.max(Math.round(0.42 * grid.rowHeight), SIZES[0]), SIZES[1]);
	const room = Math.floor((grid.columnWidth - 5) / (LETTER * size));
	let written = 0;
	pen.canvas.dataset.words = "0";
	if (grid.rowHeight < LEAST_HEIGHT || room < LEAST_LETTERS) return;
	Object.assign(pen, { font: `${size}px ${FACE}`, textAlign: "center", textBaseline: "middle" });
	const struck = (row: number, column: number) =>
		column >= from && hatched.some(([low, high]) => row >= low && row <= high);
	for (let column = seen.first; column < seen.end; column++)
		for (let row = 0; row < grid.rows; row++) {
			const token = grid.columns[column] ?? 0;
			const shade = cells.shades.place(row, token);
			const text = shade === null ? "" : shortened(cells.word(row, token), room);
			if (shade === null || text === "") continue;
			const x = (column - seen.first + 0.5) * grid.columnWidth;
			const y = topOf(grid, row) + grid.rowHeight / 2;
			if (struck(row, column)) {
				const width = LETTER * size * [...text].length + 6;
				pen.fillStyle = palette.color(shade);
				pen.fillRect(x - width / 2, y - size * 0.7, width, size * 1.4);
			}
			pen.fillStyle = palette.letters(shade);
			pen.fillText(text, x, y + 0.5, grid.columnWidth - 2);
			written += 1;
		}
	pen.canvas.dataset.words = String(written);
}

function shortened(word: string, room: number): string {
	const letters = [...word];
	return letters.length <= room ? word : `${letters.slice(0, room - 1).join("")}…`;
}
