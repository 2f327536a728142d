import type { StateView } from '../state-view.ts'

/** The page, as HTML. */
export function renderPage(state: StateView): string {
  return `<!doctype html><title>usher</title>${state.holders.length}`
}
