import { writeProgramImage } from './program.ts'

/** The image that the rig's own tests run: Node, and nothing else. */
export const nodeImage = 'usher.local/node:1'

/** Writes an image of the Node that runs this. */
export function writeNodeImage(file: string): Promise<void> {
  return writeProgramImage({ name: nodeImage, from: process.execPath, to: '/usr/local/bin/node' }, file)
}
