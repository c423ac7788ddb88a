-- Whether a partner's members need a second factor: its owners' choice, while they have one themselves.
ALTER TABLE "partner" ADD COLUMN "requires_factor" boolean DEFAULT false NOT NULL;