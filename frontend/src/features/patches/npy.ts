// A table of float32 numbers as numpy writes it (.npy, version 1 or later, C order).

export interface Table {
	rows: number;
	columns: number;
	values: Float32Array;
}

/** Throws where the file is anything but a float32 table. */
export function parseTable(buffer: ArrayBuffer): Table {
	const view = new DataView(buffer);
	const wide = view.getUint8(6) > 1; // version 2 has a header length of four bytes
	const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
	const header = new TextDecoder().decode(buffer.slice(10, start));
	const shape = /'shape':\s*\((\d+), (\d+)\)/.exec(header);
	if (!header.includes("'<f4'") || header.includes("'fortran_order': True") || !shape)
		throw new Error("The server sent an array that is no table of float32 numbers.");
	const [rows, columns] = [Number(shape[1]), Number(shape[2])];
	return { rows, columns, values: new Float32Array(buffer.slice(start)) };
}

export const rowOf = (table: Table, row: number) =>
	table.values.subarray(row * table.columns, (row + 1) * table.columns);
