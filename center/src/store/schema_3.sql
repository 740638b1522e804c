-- What a package file (`.pack`) says of itself, as JSON; JSON null: it is an image. SQL NULL: not read yet, uploaded before this step.

ALTER TABLE package_file ADD COLUMN manifest TEXT;
