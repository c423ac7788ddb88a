// Ids are UUIDv7: they sort by time, so indexes stay dense.
export { uuidv7 as newId } from 'uuidv7';

/** Stands for nobody, or for everybody, where a column has to name somebody. */
export const NIL_ID = '00000000-0000-0000-0000-000000000000';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isUuid = (text: string): boolean => UUID.test(text);
