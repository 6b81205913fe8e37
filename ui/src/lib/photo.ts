// Photographs before they go out: made smaller, with time and place read from the original, which the smaller one has lost.
import { readShot, type Shot } from './exif'
import { shrink } from './shrink'

/** The head of a JPEG in which EXIF stands. */
const HEAD_BYTES = 256 * 1024
/** What the server takes. */
const READABLE = /^image\/(jpeg|png|webp)$/

export interface Photo extends Shot {
  name: string
  blob: Blob
}

/** What is no picture that the server reads is refused by an exception with the file's name. */
export async function takePhoto(file: File): Promise<Photo> {
  const shot = readShot(await file.slice(0, HEAD_BYTES).arrayBuffer())
  const blob = await shrink(file)
  if (!READABLE.test(blob.type)) throw new Error(file.name)
  return {
    ...shot,
    // A picture just taken by the camera of the phone may have no EXIF; the file's own time is then its time.
    taken_at: shot.taken_at ?? (file.lastModified ? new Date(file.lastModified).toISOString() : null),
    name: file.name,
    blob,
  }
}
