/** A link of a page, as it is written. */
export interface Link {
  readonly target: string
  readonly line: number
}

/** The links of a page, but for those in code. */
export function linksIn(markdown: string): readonly Link[] {
  return proseOf(markdown).flatMap((line, index) => [...line.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => ({ target, line: index + 1 })))
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchorsIn(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const line of blankCode(markdown)) {
    const [, heading] = /^#{1,6} +(.*)$/.exec(line) ?? []
    if (heading === undefined) continue
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '').trim().replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}

/** The lines of the code blocks of a page, fenced or indented, each block for itself, without their indentation. */
export function codeBlocksIn(markdown: string): readonly (readonly string[])[] {
  const blocks: string[][] = []
  let block: string[] | undefined
  let isFenced = false
  let isBlank = true
  for (const line of markdown.split('\n')) {
    const isFence = /^ *```/.test(line)
    const isIndented = /^ {4}/.test(line) && (block !== undefined || isBlank)
    if (isFence) {
      isFenced = !isFenced
      block = isFenced ? [] : undefined
      if (block !== undefined) blocks.push(block)
    } else if (isFenced) block?.push(line)
    else if (isIndented) {
      if (block === undefined) blocks.push((block = []))
      block.push(line.slice(4))
    } else if (line.trim() === '' && block !== undefined) block.push('')
    else block = undefined
    isBlank = line.trim() === ''
  }
  return blocks.map((lines) => lines.join('\n').trimEnd().split('\n'))
}

/** The part of a page below a heading of the second level, up to the next one. */
export function sectionOf(markdown: string, heading: string): string {
  const [, section] = `\n${markdown}`.split(`\n## ${heading}\n`)
  if (section === undefined) throw new Error(`there is no section ${JSON.stringify(heading)}`)
  return section.split('\n## ')[0] ?? ''
}

function proseOf(markdown: string): readonly string[] {
  return blankCode(markdown).map((line) => line.replaceAll(/`[^`]*`/g, '``'))
}

/** The lines of a page; those of code blocks are empty. */
function blankCode(markdown: string): readonly string[] {
  let isFenced = false
  return markdown.split('\n').map((line) => {
    const isFence = /^ *```/.test(line)
    if (isFence) isFenced = !isFenced
    // An item of a list may go on indented, with its links.
    return isFence || isFenced || (/^ {4}/.test(line) && !/\]\(/.test(line)) ? '' : line
  })
}
