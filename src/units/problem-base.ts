/** Of the `type` of every problem document (RFC 9457): our documentation, in which a code is a section. */
export const problemBase = 'https://usher.dev/docs/errors#'
