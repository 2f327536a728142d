import { readFileSync } from 'node:fs'

/** What a program's file says of itself: see elf(5). */
export interface Elf {
  readonly size: number
  readonly bits: 32 | 64
  /** By its name in images, `arm64`, or its number. */
  readonly architecture: string
  readonly segments: readonly Segment[]
  readonly sectionHeaders: number
}

/** A program header. */
export interface Segment {
  /** By its name without `PT_`, or its number. */
  readonly type: string
  /** As `ls -l` writes it: `r-x`. */
  readonly access: string
  readonly address: bigint
  readonly fileSize: bigint
  readonly memorySize: bigint
  readonly alignment: bigint
}

const machines: Readonly<Record<number, string>> = { 21: 'ppc64le', 22: 's390x', 62: 'amd64', 183: 'arm64', 243: 'riscv64' }
const types: Readonly<Record<number, string>> = {
  1: 'LOAD',
  2: 'DYNAMIC',
  3: 'INTERP',
  6: 'PHDR',
  7: 'TLS',
  0x6474e550: 'GNU_EH_FRAME',
  0x6474e551: 'GNU_STACK',
  0x6474e552: 'GNU_RELRO',
}

/** Reads a program's headers; throws where it is none of 64 bits. */
export function readElf(path: string): Elf {
  const bytes = readFileSync(path)
  if (bytes.toString('latin1', 0, 4) !== '\x7fELF') throw new Error(`${path} is not an ELF file`)
  if (bytes[4] !== 2) throw new Error(`${path} is not of 64 bits`)
  const little = bytes[5] === 1
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const short = (at: number) => view.getUint16(at, little)
  const word = (at: number) => view.getUint32(at, little)
  const long = (at: number) => view.getBigUint64(at, little)
  const machine = short(18)
  const [first, size, count] = [Number(long(32)), short(54), short(56)]
  const segments = Array.from({ length: count }, (_, index): Segment => {
    const at = first + index * size
    const type = word(at)
    const flags = word(at + 4)
    return {
      type: types[type] ?? String(type),
      access: (flags & 4 ? 'r' : '-') + (flags & 2 ? 'w' : '-') + (flags & 1 ? 'x' : '-'),
      address: long(at + 16),
      fileSize: long(at + 32),
      memorySize: long(at + 40),
      alignment: long(at + 48),
    }
  })
  const architecture = machines[machine] ?? String(machine)
  return { size: bytes.length, bits: 64, architecture, segments, sectionHeaders: short(60) }
}
