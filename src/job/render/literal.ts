/**
 * A text that comes out of Kubernetes' expansion of `command`, `args` and the values of variables as it went in.
 *
 * There `$(X)` stands for a variable and `$$` for a dollar; a dollar before anything else is one already.
 */
export function literal(text: string): string {
  return text.replaceAll(/\$(?=[$(])/g, '$$$$')
}
