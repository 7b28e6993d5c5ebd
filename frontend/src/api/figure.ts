// A Plotly figure as the API sends it.

export interface Trace {
	type?: string;
	meta?: Record<string, unknown>;
	[key: string]: unknown;
}

export interface FigureSpec {
	data: Trace[];
	layout: Record<string, unknown> & { meta?: Record<string, unknown> };
	config?: Record<string, unknown>;
}
