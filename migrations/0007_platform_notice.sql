-- The platform's own notice, version 1: accepting it makes a resident, and its items are each off
-- until chosen. Data categories after standards.md 1.6; the sensitive ones are an item of their own.

INSERT INTO notice (notice_id) VALUES ('00000000-0000-7000-8000-000000000001');
INSERT INTO notice_version (notice_id, version, change)
VALUES ('00000000-0000-7000-8000-000000000001', 1, 'material');

INSERT INTO notice_text (notice_id, version, language, title, body, sha256)
SELECT '00000000-0000-7000-8000-000000000001', 1, t.language, t.title, t.body, sha256(convert_to(t.body, 'UTF8'))
  FROM (VALUES
    ('en', 'About Medverka',
     'Medverka lets you take part in research and in the development of care. Nothing is collected, '
     'used or sent until you choose it. Every choice is its own, and you can take each back at any '
     'time, as easily as you gave it. What you take back holds at once: nothing that starts later '
     'uses it. Every use of your data is listed for you to see. The region is the controller of this '
     'platform; each study has its own controller, named in its own notice. You can read, take with '
     'you and erase all that is yours. Counts that were published before you withdrew stand, since '
     'they cannot point at anyone.'),
    ('sv', 'Om Medverka',
     'Med Medverka kan du delta i forskning och i utveckling av vården. Ingenting samlas in, används '
     'eller skickas förrän du väljer det. Varje val är för sig, och du kan ta tillbaka vart och ett '
     'när som helst, lika lätt som du gav det. Det du tar tillbaka gäller genast: inget som börjar '
     'senare använder det. Varje användning av dina uppgifter visas för dig. Regionen är '
     'personuppgiftsansvarig för plattformen; varje studie har sin egen ansvariga, som står i '
     'studiens information. Du kan läsa, ta med dig och radera allt som är ditt. Antal som '
     'publicerats innan du tog tillbaka står kvar, eftersom de inte kan peka ut någon.')
  ) AS t (language, title, body);

INSERT INTO consent_item (item_id, version, notice_id, position, use, purpose, categories, past, future, texts)
SELECT i.item_id::uuid, 1, '00000000-0000-7000-8000-000000000001', i.position, i.use, i.purpose, i.categories,
       true, true,
       jsonb_build_object('en', jsonb_build_object('title', i.title_en, 'description', i.text_en),
                          'sv', jsonb_build_object('title', i.title_sv, 'description', i.text_sv))
  FROM (VALUES
    ('00000000-0000-7000-8000-000000000011', 0, 'keep', 'dpv:PersonalisedHealthcare',
     ARRAY['activity', 'heart', 'sleep', 'vitals', 'glucose', 'lungs', 'body', 'mobility'],
     'Keep my donations', 'What your watch, ring or phone measures is kept for you, category by category, '
     'so that you can see it and later donate it to studies you choose.',
     'Spara mina mätvärden', 'Det som din klocka, ring eller telefon mäter sparas åt dig, kategori för kategori, '
     'så att du kan se det och senare donera det till studier du väljer.'),
    ('00000000-0000-7000-8000-000000000012', 1, 'keep', 'dpv:PersonalisedHealthcare',
     ARRAY['cardiac-events', 'reproductive', 'symptoms', 'location'],
     'Keep my sensitive donations', 'Heart rhythm events, cycle, symptoms and mood, and places: each only if you choose it.',
     'Spara mina känsliga mätvärden', 'Hjärtrytmhändelser, menscykel, symtom och mående samt platser: var och en bara om du väljer den.'),
    ('00000000-0000-7000-8000-000000000013', 2, 'find', 'dpv:ScientificResearch',
     ARRAY['demographics', 'declared-facts', 'donated-categories'],
     'Find me for studies', 'Studies can be matched with your birth year, sex and municipality, with facts you have '
     'declared, or with which categories you donate. No study team sees who was found.',
     'Hitta mig för studier', 'Studier kan matchas mot ditt födelseår, kön och din kommun, mot uppgifter du lämnat, '
     'eller mot vilka kategorier du donerar. Ingen studiegrupp ser vem som hittades.'),
    ('00000000-0000-7000-8000-000000000014', 3, 'contact', 'dpv:ScientificResearch', ARRAY['contact'],
     'Contact me about studies', 'You get invitations in the app, within a limit you can see.',
     'Kontakta mig om studier', 'Du får inbjudningar i appen, inom en gräns som du kan se.'),
    ('00000000-0000-7000-8000-000000000015', 4, 'feedback', 'dpv:ServiceOptimisation', ARRAY['feedback'],
     'Ask me for feedback', 'You are asked how care works for you. Answers are only shown counted together.',
     'Fråga mig om vården', 'Du får frågor om hur vården fungerar för dig. Svaren visas bara sammanräknade.'),
    ('00000000-0000-7000-8000-000000000016', 5, 'quote', 'dpv:ServiceOptimisation', ARRAY['feedback'],
     'Quote me', 'What you write may be quoted without your name, after it has been read and masked.',
     'Citera mig', 'Det du skriver får citeras utan ditt namn, sedan det har lästs och maskerats.')
  ) AS i (item_id, position, use, purpose, categories, title_en, text_en, title_sv, text_sv);
